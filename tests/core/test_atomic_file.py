"""A file is written whole or not at all."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import pytest

from prunekit.core.atomic_file import sweep, write_text
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


def _part(folder: Path, name: str = "file.json") -> Path:
    path = folder / f".{name}.{uuid.uuid4().hex}.part"
    path.write_bytes(b"half")
    return path


def test_what_a_kill_left_is_swept_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    mine = [_part(tmp_path), _part(tmp_path / "deep", ".hidden"), _part(tmp_path / "deep", "a b\n")]
    outside = tmp_path.with_name(f"{tmp_path.name}-outside")
    outside.mkdir()
    kept = [_part(outside), tmp_path / "x.part", tmp_path / ".x.part", tmp_path / f".x.{'g' * 32}.part"]
    for path in kept[1:]:
        path.write_bytes(b"theirs")
    (tmp_path / "linked").symlink_to(outside)
    link = tmp_path / f".link.{'a' * 32}.part"
    link.symlink_to(kept[0])
    folder = tmp_path / f".folder.{'a' * 32}.part"
    folder.mkdir()
    sweep(tmp_path)
    assert not any(path.exists() for path in mine)
    assert all(path.exists() for path in [*kept, link, folder])


def test_what_a_living_process_writes_stays(tmp_path: Path) -> None:
    """Also where the file is as old as can be; once the process is dead it goes."""
    pytest.importorskip("fcntl")
    write = (
        "import os, sys, time; from pathlib import Path; from prunekit.core.atomic_file import atomic_write\n"
        "with atomic_write(Path(sys.argv[1])) as file:\n"
        "    file.write(b'x'); print('writing', flush=True); sys.stdin.read()\n"
    )
    words = [sys.executable, "-c", write, str(tmp_path / "file")]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stdout.readline() == b"writing\n"
        (part,) = tmp_path.iterdir()
        os.utime(part, (0, 0))
        sweep(tmp_path)
        assert part.exists()
        process.kill()
        process.wait()
    sweep(tmp_path)
    assert not part.exists()


def test_a_file_that_was_swept_before_it_was_held_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fcntl = pytest.importorskip("fcntl")
    flock, first = fcntl.flock, [True]

    def late(file: Any, how: int) -> None:
        if first.pop() if first else False:
            next(tmp_path.iterdir()).unlink()
        flock(file, how)

    monkeypatch.setattr(fcntl, "flock", late)
    write_text(tmp_path / "file", "whole")
    assert (tmp_path / "file").read_text() == "whole"


def test_a_name_that_is_no_utf8_is_kept_in_json(tmp_path: Path) -> None:
    write_json(tmp_path / "file.json", {"a": "é\udcff"})
    assert json.loads((tmp_path / "file.json").read_text()) == {"a": "é\udcff"}
