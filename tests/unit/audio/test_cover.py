"""Covers are checked, and made small and plain."""

from __future__ import annotations

import io
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

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


def test_a_picture_that_moves_or_is_turned_stands_still_and_upright() -> None:
    frames = [Image.new("RGB", (120, 60), colour) for colour in ("red", "blue")]
    moving, turned, webp = io.BytesIO(), io.BytesIO(), io.BytesIO()
    frames[0].save(moving, "PNG", save_all=True, append_images=frames[1:])
    frames[0].save(webp, "WEBP", save_all=True, append_images=frames[1:])
    exif = Image.Exif()
    exif[0x0112] = 6  # a quarter turn
    frames[0].save(turned, "JPEG", exif=exif)
    for made, size in ((moving, (120, 60)), (webp, (120, 60)), (turned, (60, 120))):
        with Image.open(io.BytesIO(check(made.getvalue()).data)) as image:
            assert (image.format, image.size, getattr(image, "n_frames", 1)) == ("JPEG", size, 1)
            red, _, blue = _middle(image)
            assert red > 240
            assert blue < 20


def _middle(image: Image.Image) -> tuple[int, int, int]:
    pixel = image.convert("RGB").getpixel((image.width // 2, image.height // 2))
    assert isinstance(pixel, tuple)
    return int(pixel[0]), int(pixel[1]), int(pixel[2])


def test_a_progressive_picture_stays_as_it_is() -> None:
    made = io.BytesIO()
    Image.new("RGB", (300, 300), "green").save(made, "JPEG", progressive=True)
    assert check(made.getvalue()).data == made.getvalue()


def test_sixteen_bits_keep_their_brightness() -> None:
    made = io.BytesIO()
    Image.new("I;16", (64, 64), 0x8000).save(made, "PNG")
    with Image.open(io.BytesIO(check(made.getvalue()).data)) as image:
        assert all(abs(value - 128) <= 3 for value in _middle(image))


def test_inks_become_colours() -> None:
    made = io.BytesIO()
    Image.new("CMYK", (64, 64), (0, 255, 255, 0)).save(made, "JPEG")
    with Image.open(io.BytesIO(check(made.getvalue()).data)) as image:
        red, green, blue = _middle(image)
    assert red > 200
    assert max(green, blue) < 60


def test_colours_keep_the_profile_that_they_are_meant_in() -> None:
    """A wide-gamut cover without its profile is pale. One of inks has nothing to say about colours."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    plain, large, inks = io.BytesIO(), io.BytesIO(), io.BytesIO()
    Image.new("RGB", (100, 100)).save(plain, "JPEG", icc_profile=profile)
    Image.new("RGB", (1500, 1500)).save(large, "PNG", icc_profile=profile)
    Image.new("CMYK", (100, 100)).save(inks, "JPEG", icc_profile=profile[:16] + b"CMYK" + profile[20:])
    assert check(plain.getvalue()).data == plain.getvalue()
    for made, kept in ((large, profile), (inks, None)):
        with Image.open(io.BytesIO(check(made.getvalue()).data)) as image:
            assert image.info.get("icc_profile") == kept


def test_twenty_megabytes_become_a_small_picture() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (2600, 2600, 3), np.uint8)
    made = io.BytesIO()
    Image.fromarray(noise).save(made, "PNG", compress_level=1)
    assert len(made.getvalue()) > 20_000_000
    found = check(made.getvalue())
    assert len(found.data) <= MAX_BYTES
    with Image.open(io.BytesIO(found.data)) as image:
        assert image.size == (1200, 1200)


@pytest.mark.parametrize("side", [20_000, 60_000])
def test_a_bomb_is_refused_by_its_header(side: int) -> None:
    data = bytearray(picture(64, "PNG"))
    data[16:24] = side.to_bytes(4, "big") * 2
    data[29:33] = zlib.crc32(bytes(data[12:29])).to_bytes(4, "big")
    with pytest.raises(BadPicture):
        check(bytes(data))


def test_the_best_place_wins_and_bad_ones_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "cover.jpg").write_bytes(b"broken")
    (tmp_path / "folder.png").write_bytes(picture(150, "PNG"))
    (tmp_path / "aaa.jpg").write_bytes(picture(160))
    beside = sorted(tmp_path.iterdir())
    warnings: list[str] = []
    found = choose(None, [], beside, warnings)
    assert found is not None
    assert found.data == picture(150, "PNG")
    assert any("cover.jpg" in text for text in warnings)
    inside = choose(None, [b"broken", picture(80)], beside, warnings)
    assert inside is not None
    assert inside.data == picture(80)
    wanted = choose(tmp_path / "aaa.jpg", [picture(70)], beside, warnings)
    assert wanted is not None
    assert wanted.data == picture(160)
    assert choose(None, [], [], warnings) is None


@pytest.mark.parametrize(
    ("inside", "name", "beside", "larger_wins"),
    [
        (150, "cover.jpg", 300, True),
        (150, "cover.jpg", 299, False),
        (150, "photo.jpg", 1000, False),
        (150, "back cover.jpg", 1000, False),
        (499, "folder.jpg", 1000, True),
        (500, "folder.jpg", 1200, False),
        (150, "cover.jpg", 0, False),
    ],
)
def test_a_much_better_front_beside_wins(
    tmp_path: Path, inside: int, name: str, beside: int, *, larger_wins: bool
) -> None:
    """A thumbnail inside is no reason to leave the real cover behind; a picture of anything else is none either."""
    data = picture(beside) if beside else b"broken"
    (tmp_path / name).write_bytes(data)
    warnings: list[str] = []
    found = choose(None, [picture(inside)], [tmp_path / name], warnings)
    assert found is not None
    assert found.data == (data if larger_wins else picture(inside))
    assert warnings == []


def test_a_wish_that_cannot_be_met_costs_no_book(tmp_path: Path) -> None:
    warnings: list[str] = []
    found = choose(tmp_path / "gone.jpg", [picture(70)], [], warnings)
    assert found is not None
    assert warnings == ["The picture gone.jpg was left out: it cannot be read."]


@pytest.mark.parametrize(
    ("names", "best"),
    [
        (["back.jpg", "other.jpg", "COVER.JPG"], "COVER.JPG"),
        (["Book (front).png", "Book (back).png", "aaa.jpg"], "Book (front).png"),
        (["back cover.jpg", "spine.jpg", "photo.jpg"], "photo.jpg"),
        (["CD1.jpg", "Disc 2 Art.jpg", "zzz.webp"], "zzz.webp"),
        (["AlbumArtSmall.jpg", "Folder.jpg", "AlbumArt_{0}_Large.jpg"], "Folder.jpg"),
        (["discovery.jpg", "Folder.jpeg", ".cover.jpg", "._folder.jpg"], "Folder.jpeg"),
        (["Extras/cover.jpg", "cover.jpg"], "cover.jpg"),
        (["Extras/cover.jpg", "aaa.jpg"], "Extras/cover.jpg"),
        (["back.jpg"], "back.jpg"),
    ],
)
def test_names_tell_the_front_from_the_rest(tmp_path: Path, names: list[str], best: str) -> None:
    for number, name in enumerate(names):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(picture(200, colour=(60 * number, 0, 0)))
    found = choose(None, [], [tmp_path / name for name in sorted(names)], [])
    assert found is not None
    chosen = [name for name in names if check((tmp_path / name).read_bytes()).data == found.data]
    assert chosen == [best]


def test_thumbnails_and_links_are_no_covers(tmp_path: Path) -> None:
    (tmp_path / "cover.jpg").write_bytes(picture(75))
    (tmp_path / "real").write_bytes(picture(200))
    (tmp_path / "folder.jpg").symlink_to(tmp_path / "real")
    warnings: list[str] = []
    assert choose(None, [], [tmp_path / "cover.jpg", tmp_path / "folder.jpg"], warnings) is None
    assert len(warnings) == 2


def test_only_so_many_are_tried(tmp_path: Path) -> None:
    """Four hundred parts with one broken picture are one warning, a folder of junk is a few."""
    warnings: list[str] = []
    assert choose(None, [b"same"] * 400, [], warnings) is None
    assert len(warnings) == 1
    assert choose(None, (bytes([number]) for number in range(200)), [], warnings) is None
    junk = [tmp_path / f"{number}.jpg" for number in range(200)]
    for path in junk:
        path.write_bytes(b"junk")
    assert choose(None, [], junk, warnings) is None
    assert len(warnings) < 40
