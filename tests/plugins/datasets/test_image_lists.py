from __future__ import annotations

from pathlib import Path

import pytest

from prunekit.core.data import DataError
from prunekit.plugins.datasets.image_lists import found_images, listed_names, read_lines


def written(path: Path, text: str | bytes) -> Path:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_lines_and_names(tmp_path: Path) -> None:
    path = written(tmp_path / "a.txt", "\ufeffone 1\r\n\n  two -1  \n")
    assert read_lines(path) == ["one 1", "two -1"] and listed_names(path) == ["one", "two"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "lists no image"), ("\n \n", "lists no image"), ("a\nb\na", "lists a twice"),
        ("../a", "lists ../a; expected are names without folders"), ("..", "without folders"),
        (b"\xff\xfe", "is no text in UTF-8"),
    ],
)  # fmt: skip
def test_lists_that_are_none(tmp_path: Path, text: str | bytes, told: str) -> None:
    with pytest.raises(DataError) as raised:
        listed_names(written(tmp_path / "a.txt", text))
    assert f"{tmp_path / 'a.txt'} {told}" in str(raised.value) or told in str(raised.value)


def test_a_missing_list(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"a\.txt cannot be read: No such file"):
        listed_names(tmp_path / "a.txt")


def test_images_of_a_folder(tmp_path: Path) -> None:
    for name in ("b.JPG", "a.png", ".c.png", "notes.txt", "d.e.jpeg"):
        (tmp_path / name).touch()
    assert {name: path.name for name, path in found_images(tmp_path).items()} == {
        "a": "a.png", "b": "b.JPG", "d.e": "d.e.jpeg",
    }  # fmt: skip
    (tmp_path / "a.jpg").touch()
    with pytest.raises(DataError, match=r"a\.png and a\.jpg differ only in their ending"):
        found_images(tmp_path)
    with pytest.raises(DataError, match="gone cannot be read"):
        found_images(tmp_path / "gone")
