"""What was recorded of a MindSpore network can be written to a file, and gives the same structure."""

from __future__ import annotations

from pathlib import Path

import pytest
from mindspore_nets import CASES
from structures import assert_a_file_keeps


@pytest.mark.parametrize("name", CASES)
def test_a_structure_is_the_same_when_it_is_read(name: str, tmp_path: Path) -> None:
    assert_a_file_keeps(CASES[name].traced(proof=False)[2], tmp_path)
