from __future__ import annotations

import io
import os
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from prunekit.core.data import DataError
from prunekit.plugins.datasets.images import read_image, read_mask, read_size

Noise = Callable[[int, int], Image.Image]


def pixel(path: Path) -> tuple[int, ...]:
    image = read_image(path)
    assert image.mode == "RGB"
    found = image.getpixel((0, 0))
    assert isinstance(found, tuple)
    return tuple(map(int, found))


@pytest.mark.parametrize(
    ("mode", "colour", "name", "expected"),
    [
        ("L", 77, "a.png", (77, 77, 77)),
        ("1", 1, "a.png", (255, 255, 255)),
        ("LA", (77, 9), "a.png", (77, 77, 77)),
        ("RGBA", (1, 2, 3, 0), "a.png", (1, 2, 3)),
        ("CMYK", (0, 255, 255, 0), "a.tif", (255, 0, 0)),
        ("RGB", (1, 2, 3), "a.bmp", (1, 2, 3)),
        ("RGB", (1, 2, 3), "a.ppm", (1, 2, 3)),
        ("RGB", (250, 250, 250), "a.webp", (250, 250, 250)),
    ],
)
def test_every_kind_becomes_rgb(
    tmp_path: Path, mode: str, colour: int | tuple[int, ...], name: str, expected: tuple[int, ...]
) -> None:
    Image.new(mode, (4, 4), colour).save(tmp_path / name)
    assert pixel(tmp_path / name) == expected


def test_palettes_with_transparent_colours(tmp_path: Path) -> None:
    image = Image.new("P", (4, 4), 1)
    image.putpalette([0, 0, 0, 9, 8, 7])
    image.save(tmp_path / "a.png", transparency=b"\x00\xff")
    assert pixel(tmp_path / "a.png") == (9, 8, 7)


def test_the_orientation_in_exif_is_not_applied(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter
    Image.new("RGB", (6, 4)).save(tmp_path / "a.jpg", exif=exif)
    assert read_image(tmp_path / "a.jpg").size == (6, 4)


def test_content_counts_not_the_ending(tmp_path: Path) -> None:
    Image.new("RGB", (4, 4), (1, 2, 3)).save(tmp_path / "a.JPEG", "PNG")  # ImageNet has one such file
    assert pixel(tmp_path / "a.JPEG") == (1, 2, 3)


def test_damaged_metadata_is_not_worth_a_warning(tmp_path: Path) -> None:
    Image.new("RGB", (4, 4)).save(tmp_path / "a.jpg", exif=b"Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x09\x01")
    assert read_image(tmp_path / "a.jpg").size == (4, 4)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_truncated_images_are_named(tmp_path: Path, noise: Noise, kind: str) -> None:
    whole = io.BytesIO()
    noise(64, 64).save(whole, kind)
    for share in (0.3, 0.6, 0.9):
        path = tmp_path / f"broken{share}.jpg"
        path.write_bytes(whole.getvalue()[: int(share * whole.tell())])
        with pytest.raises(
            DataError, match=rf"{path} (cannot be decoded|is no image).*; replace the file or delete it"
        ):
            read_image(path)


@pytest.mark.parametrize(
    "content", [b"", b"<html>Not found</html>", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 4 4\n"]
)
def test_what_is_no_image(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        read_image(path)
    assert str(caught.value) == (
        f"{path} is no image (JPEG, PNG, PPM, BMP, TIFF, WEBP), or its start is damaged; replace the file or delete it"
    )


def test_what_cannot_be_opened(tmp_path: Path) -> None:
    (tmp_path / "folder.jpg").mkdir()
    (tmp_path / "link.jpg").symlink_to(tmp_path / "nowhere.jpg")
    for name, reason in (("folder.jpg", "Is a directory"), ("link.jpg", "No such file or directory")):
        with pytest.raises(DataError, match=re.escape(f"{tmp_path / name} cannot be read: {reason}")):
            read_image(tmp_path / name)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="nothing is forbidden to this user")
def test_what_may_not_be_read(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.new("RGB", (4, 4)).save(path)
    path.chmod(0)
    with pytest.raises(DataError, match=r"a\.png cannot be read: Permission denied"):
        read_image(path)


@pytest.mark.parametrize("limit", [99, 50, 49])
def test_images_that_would_fill_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: int) -> None:
    path = tmp_path / "a.png"
    Image.new("RGB", (10, 10)).save(path)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
    with pytest.raises(DataError, match=rf"a\.png has more than {limit} pixels.*scale the image down"):
        read_image(path)


def test_sixteen_bits_are_refused_not_clipped(tmp_path: Path) -> None:
    Image.fromarray(np.full((4, 4), 40_000, np.uint16)).save(tmp_path / "a.png")
    with pytest.raises(
        DataError, match=r"a\.png has pixels of more than 8 bits \(Pillow's mode I.*convert it to 8 bits"
    ):
        read_image(tmp_path / "a.png")


@pytest.mark.parametrize("name", ["a.png", "a.bmp"])
def test_a_mask_holds_numbers(tmp_path: Path, name: str) -> None:
    values = np.arange(64, dtype=np.uint8).reshape(8, 8)
    coloured = Image.frombytes("P", (8, 8), values.tobytes())
    coloured.putpalette([255, 255, 255, 9, 9, 9] * 128)
    for image, expected in ((Image.fromarray(values), values), (coloured, values)):
        image.save(tmp_path / name)
        mask = read_mask(tmp_path / name)
        assert mask.mode == "L" and (np.asarray(mask) == expected).all()
    Image.fromarray(values > 30).save(tmp_path / name)
    assert (np.asarray(read_mask(tmp_path / name)) == (values > 30)).all()


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA"])
def test_a_mask_of_several_channels_is_refused(tmp_path: Path, mode: str) -> None:
    Image.new(mode, (4, 4)).save(tmp_path / "a.png")
    with pytest.raises(DataError, match=r"a\.png has several channels; a mask has one"):
        read_mask(tmp_path / "a.png")


def test_the_size_is_read_from_the_beginning_alone(tmp_path: Path, noise: Noise) -> None:
    path = tmp_path / "a.png"
    noise(70, 50).save(path)
    path.write_bytes(path.read_bytes()[:200])
    assert read_size(path) == (70, 50)
    with pytest.raises(DataError, match=r"a\.png cannot be decoded"):
        read_image(path)
    path.write_bytes(b"text")
    with pytest.raises(DataError, match=r"a\.png is no image"):
        read_size(path)
