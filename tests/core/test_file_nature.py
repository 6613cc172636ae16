"""What paths lead to, and what files are, told without opening what could block."""

from __future__ import annotations

import os
import pickle
import struct
import zipfile
from pathlib import Path

import pytest

from prunekit.core.file_nature import not_a_file, other_kind, unpacks_to_far_more


def test_a_file_is_one(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    (tmp_path / "link").symlink_to("a")
    assert not_a_file(tmp_path / "a") is None and not_a_file(tmp_path / "link") is None


def test_what_is_none(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("gone")
    assert not_a_file(tmp_path) == " is a folder, not a file"
    assert not_a_file(tmp_path / "pipe") == " is a pipe (fifo), not a file"
    assert not_a_file(tmp_path / "link") == " is a link to gone, which is not there"
    assert not_a_file(tmp_path / "x", "weights file") == ": there is no such weights file"
    assert not_a_file(Path("/dev/null")) == " is a device, not a file"
    assert not_a_file(tmp_path / "a\0b") == " cannot be read: embedded null byte"


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "empty"),
        (b"hello\n", "a text"),
        (("ä" * 400).encode(), "a text"),  # a letter is cut where the look ends
        (b'\xef\xbb\xbf{"a": 1}', "a text"),
        (b"  <html>", "a web page"),
        (b'{"a": 1}', "a text (JSON)"),
        (b"version https://git-lfs.github.com/spec/v1", "a pointer of Git LFS"),
        (b"\x1f\x8b\x08\x00", "a gzip archive"),
        (bytes(257) + b"ustar" + bytes(99), "a tar archive"),
        (b"PK\x03\x04" + bytes(99), "broken: it is an archive that was cut short"),
        (pickle.dumps({"a": 1}, 2), "a pickle"),
        (pickle.dumps({"a": 1}, 5), "a pickle"),
    ],
)
def test_kinds_that_hold_no_arrays(tmp_path: Path, content: bytes, what: str) -> None:
    (tmp_path / "w").write_bytes(content)
    found = other_kind(tmp_path / "w")
    assert found is not None and found.startswith(what)


@pytest.mark.parametrize("content", [bytes(600), struct.pack("<Q", 0x280) + b'{"w', b"\x0a\x10\x08", bytes(range(256))])
def test_what_may_hold_some(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "w").write_bytes(content)
    assert other_kind(tmp_path / "w") is None


def test_an_archive_that_unpacks_to_far_more(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", bytes(2**20))
    assert unpacks_to_far_more(tmp_path / "a.npz") is None
    said = (2**20).to_bytes(4, "little")  # what the directory of the archive says of the size, at its end
    content = (tmp_path / "a.npz").read_bytes()
    place = content.rindex(said)
    (tmp_path / "a.npz").write_bytes(content[:place] + (2**31).to_bytes(4, "little") + content[place + 4 :])
    told = unpacks_to_far_more(tmp_path / "a.npz")
    assert told == " has 0.0 MiB and unpacks to 2,048; nothing was unpacked"


def test_where_a_pickle_may(tmp_path: Path) -> None:
    (tmp_path / "w").write_bytes(pickle.dumps({"a": 1}))
    assert other_kind(tmp_path / "w", pickles=True) is None
