"""What a path leads to that is no file with arrays, named for what it is; nothing is opened that could block."""

from __future__ import annotations

import os
import pickle
import stat
import zipfile
from pathlib import Path

_HEAD = 512  # bytes that tell most kinds of files apart
_LARGE, _TIMES = 2**30, 100  # bytes that any archive may unpack to, and times its size
_ZIP = b"PK\x03\x04"
_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe (fifo)",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
_BEGINNINGS = (
    (b"\x1f\x8b", "a gzip archive; unpack it first"),
    (b"BZh", "a bzip2 archive; unpack it first"),
    (b"\xfd7zXZ\x00", "an xz archive; unpack it first"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive; unpack it first"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive; unpack it first"),
    (b"Rar!", "a rar archive; unpack it first"),
    (b"\x89HDF\r\n", "an HDF5 file, as Keras writes them"),
    (b"\x93NUMPY", "a single array (.npy); numpy.savez writes arrays with their names"),
    (b"GGUF", "a GGUF file"),
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "an image"),
    (b"\xff\xd8\xff", "an image"),
    (b"GIF8", "an image"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
)
_TEXTS = (
    (b"<?xml", "a text (XML)"),
    (b"<", "a web page, as a download that failed leaves one"),
    (b"version https://git-lfs", "a pointer of Git LFS and not the file itself; git lfs pull fetches that"),
    (b"{", "a text (JSON)"),
)


def not_a_file(path: Path, what: str = "file") -> str | None:
    """Why a path leads to no regular file that can be read, as it follows the path; None where it does.

    Args:
        path: The path.
        what: What should be there.
    """
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError) as problem:  # ValueError: a NUL in it
        if _is_link(path) and isinstance(problem, FileNotFoundError):
            return f" is a link to {os.readlink(path)}, which is not there"
        if isinstance(problem, (FileNotFoundError, NotADirectoryError)):
            return f": there is no such {what}"
        return f" cannot be read: {problem.strerror if isinstance(problem, OSError) else problem}"
    if not stat.S_ISREG(mode):
        return f" is {_KINDS.get(stat.S_IFMT(mode), 'no file')}, not a file"
    return None if os.access(path, os.R_OK) else " cannot be read: Permission denied"


def _is_link(path: Path) -> bool:
    try:
        return path.is_symlink()
    except (OSError, ValueError):
        return False


def other_kind(path: Path, pickles: bool = False) -> str | None:
    """What a regular file is, where it certainly holds no arrays: ``empty``, ``a web page``; None where it may.

    Args:
        path: The file.
        pickles: Whether a pickle may hold some.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if head.startswith(_ZIP) and not zipfile.is_zipfile(path):
        return "broken: it is an archive that was cut short; copy or download it again"
    if not pickles and head[:1] == pickle.PROTO and head[1:2] <= b"\x05" and any(head[3:8]):  # else it is a length
        return "a pickle, which could run code when read; nothing was run"
    return _kind(head)


def unpacks_to_far_more(path: Path) -> str | None:
    """What to say of an archive that is small and unpacks to something huge, as it follows the path; None else.

    Raises:
        BadZipFile: It is no archive.
    """
    with zipfile.ZipFile(path) as archive:
        unpacked = sum(member.file_size for member in archive.infolist())
    if unpacked <= max(_LARGE, _TIMES * path.stat().st_size):
        return None
    return f" has {path.stat().st_size / 2**20:,.1f} MiB and unpacks to {unpacked / 2**20:,.0f}; nothing was unpacked"


def _kind(head: bytes) -> str | None:
    """What a file is that begins so."""
    if not head:
        return "empty"
    for beginning, what in _BEGINNINGS:
        if head.startswith(beginning):
            return what
    if head[257:262] == b"ustar":
        return "a tar archive; unpack it first"
    if not _is_text(head):
        return None
    text = head.lstrip().lower()
    return next((what for beginning, what in _TEXTS if text.startswith(beginning)), "a text")


def _is_text(head: bytes) -> bool:
    """Whether there are only letters, signs and white space."""
    try:
        text = head.removeprefix(b"\xef\xbb\xbf").decode("utf-8")
    except UnicodeDecodeError as problem:
        if problem.start < len(head) - 3:  # else it is a letter that was cut
            return False
        text = head[: problem.start].decode("utf-8")
    return all(letter.isprintable() or letter in "\t\r\n\f" for letter in text)
