"""A file is written whole or not at all."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from prunekit.core.atomic_file import write_text
from prunekit.core.pipeline.run_folder import write_json


def test_a_crash_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "deep" / "file.json"
    write_json(path, {"a": 1})

    def crash(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", crash)
    with pytest.raises(KeyboardInterrupt):
        write_text(path, "half of")
    assert json.loads(path.read_text()) == {"a": 1}
    assert list(path.parent.iterdir()) == [path]
