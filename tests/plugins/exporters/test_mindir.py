"""A MindIR file that computes something else than the network is not kept."""

from __future__ import annotations

from pathlib import Path

import pytest
from mindspore_network import IMAGES, Small

from prunekit.core.pipeline.exporting import ExportError
from prunekit.plugins.exporters import parity
from prunekit.plugins.exporters.mindir import MindirExporter

pytestmark = pytest.mark.usefixtures("clean")


def test_a_file_that_computes_something_else_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parity, "LARGEST_ERROR", -1.0)
    with pytest.raises(ExportError, match="x was not written: its outputs differ"):
        MindirExporter().export(Small(), IMAGES, tmp_path / "x")
    assert not (tmp_path / "x").exists()
