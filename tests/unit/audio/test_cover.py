"""Covers are checked, and made small and plain."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from auralarchive.audio.cover import MAX_BYTES, BadPicture, check, choose
from tests.support.audio import picture


def test_a_small_plain_picture_stays_as_it_is() -> None:
    assert check(picture()).data == picture()
    assert check(picture(kind="PNG")).suffix == ".png"


@pytest.mark.parametrize(("size", "kind"), [(2000, "JPEG"), (2000, "PNG"), (300, "WEBP")])
def test_large_or_odd_ones_become_a_small_jpeg(size: int, kind: str) -> None:
    found = check(picture(size, kind))
    with Image.open(io.BytesIO(found.data)) as image:
        assert image.format == "JPEG"
        assert max(image.size) <= 1200
    assert len(found.data) < MAX_BYTES


@pytest.mark.parametrize("mode", ["CMYK", "RGBA", "P", "LA", "I;16"])
def test_every_colour_model_is_drawn(mode: str) -> None:
    buffer = io.BytesIO()
    Image.new(mode, (64, 64)).save(buffer, "JPEG" if mode == "CMYK" else "PNG")
    with Image.open(io.BytesIO(check(buffer.getvalue()).data)) as image:
        assert image.mode == "RGB"


def test_what_a_picture_carries_besides_is_dropped() -> None:
    """Fifty megabytes of profile or a place's coordinates have no business in a book."""
    buffer = io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "x" * 60_000
    Image.new("RGB", (64, 64)).save(buffer, "JPEG", exif=exif, icc_profile=b"y" * 500_000)
    assert len(check(buffer.getvalue()).data) < 5_000


@pytest.mark.parametrize("data", [b"", b"text", picture()[:-300], picture(64, "GIF"), b"<svg/>", picture(8)])
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    with pytest.raises(BadPicture):
        check(data)


def test_the_best_place_wins_and_bad_ones_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "cover.jpg").write_bytes(b"broken")
    (tmp_path / "folder.png").write_bytes(picture(50, "PNG"))
    (tmp_path / "aaa.jpg").write_bytes(picture(60))
    beside = sorted(tmp_path.iterdir())
    warnings: list[str] = []
    found = choose(None, [], beside, warnings)
    assert found is not None
    assert found.data == picture(50, "PNG")
    assert any("cover.jpg" in text for text in warnings)
    inside = choose(None, [b"broken", picture(70)], beside, warnings)
    assert inside is not None
    assert inside.data == picture(70)
    wanted = choose(tmp_path / "aaa.jpg", [picture(70)], beside, warnings)
    assert wanted is not None
    assert wanted.data == picture(60)
    assert choose(None, [], [], warnings) is None
