"""Chooses and checks the cover. A bad picture never fails a book: it is left out, with a word about it.

Pictures come from strangers. Only JPEG, PNG and WebP are ever opened, none above 40 million pixels, and
what is large, odd or carries much besides the picture is drawn anew as a JPEG. All others stay byte for byte.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageOps

from auralarchive.audio.sources import open_regular, printable
from auralarchive.ports.errors import AuralError

MAX_PIXELS = 40_000_000
MAX_SIDE = 1200
MAX_BYTES = 1_500_000
_MAX_READ = 32 * 1024 * 1024
_MAX_EXTRAS = 64 * 1024
_SMALLEST_SIDE = 16
#: A smaller picture in a folder is a thumbnail (`AlbumArtSmall.jpg` has 75).
_SMALLEST_BESIDE = 100
#: A cover inside that is smaller than this gives way to a front in the folder of twice its size.
_GOOD_SIDE, _MUCH_BETTER = 500, 2
#: So many different pictures are looked at, inside the audio and beside it; where all are bad, others hardly help.
_MOST_TRIED = 16
_SUFFIXES = frozenset((".jpg", ".jpeg", ".png", ".webp"))
#: Words in the name of a picture, the likeliest first, and words that tell of another side of the box.
_NAMES = ("cover", "folder", "front", "albumart", "poster", "artwork", "art")
_DISLIKED = frozenset("back rear spine disc disk cd label inlay inlet tray booklet inside matrix thumb small".split())  # noqa: SIM905 - reads best
_QUALITY = 90


class BadPicture(ValueError):
    """It is no picture that we take."""


@dataclass(frozen=True, slots=True)
class Cover:
    """A checked picture: the bytes of a JPEG or PNG."""

    data: bytes

    @property
    def suffix(self) -> str:
        return ".png" if self.data.startswith(b"\x89PNG") else ".jpg"


def choose(wanted: Path | None, embedded: Iterable[bytes], beside: Sequence[Path], warnings: list[str]) -> Cover | None:
    """The first good one of: the person's own, those inside the sources, files beside them.

    One inside that is small gives way to a front beside it that is much larger.
    """
    if wanted is not None and (cover := _from_file(wanted, warnings)):
        return cover
    inside = _from_inside(embedded, warnings)
    if inside is None:
        return _from_folder(beside, warnings)
    if (side := _side(inside)) >= _GOOD_SIDE:
        return inside
    # Nobody misses a bad picture where there is a good one: no word about it.
    front = _from_folder([path for path in beside if _is_front(path)], [])
    return front if front and _side(front) >= _MUCH_BETTER * side else inside


def _side(cover: Cover) -> int:
    with Image.open(io.BytesIO(cover.data), formats=("JPEG", "PNG")) as image:
        return min(image.size)


def _from_inside(embedded: Iterable[bytes], warnings: list[str]) -> Cover | None:
    """Parts of one book have the same picture: a bad one is tried and told once."""
    tried: set[bytes] = set()
    for data in embedded:
        digest = hashlib.sha256(data).digest()
        if digest in tried:
            continue
        tried.add(digest)
        try:
            return check(data)
        except BadPicture as error:
            warnings.append(f"The picture inside the audio was left out: {error}.")
        if len(tried) == _MOST_TRIED:
            break
    return None


def _from_folder(beside: Sequence[Path], warnings: list[str]) -> Cover | None:
    pictures = [path for path in beside if path.suffix.lower() in _SUFFIXES and not path.name.startswith(".")]
    for path in sorted(pictures, key=_likely)[:_MOST_TRIED]:
        if cover := _from_file(path, warnings, smallest=_SMALLEST_BESIDE):
            return cover
    return None


def _likely(path: Path) -> tuple[bool, int, int, str]:
    """For sorting: fronts before backs, then by name, then near the top of the folder."""
    words = _words(path)
    place = next((place for place, name in enumerate(_NAMES) if name in words), len(_NAMES))
    return not _DISLIKED.isdisjoint(words), place, len(path.parts), path.name


def _is_front(path: Path) -> bool:
    words = _words(path)
    return _DISLIKED.isdisjoint(words) and not words.isdisjoint(_NAMES)


def _words(path: Path) -> frozenset[str]:
    return frozenset(word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+", path.stem[:200]))


def _from_file(path: Path, warnings: list[str], *, smallest: int = _SMALLEST_SIDE) -> Cover | None:
    try:
        return check(_read(path), smallest=smallest)
    except (BadPicture, AuralError, OSError) as error:
        what = error if isinstance(error, BadPicture) else "it cannot be read"
        warnings.append(f"The picture {printable(path.name)} was left out: {what}.")
        return None


def _read(path: Path) -> bytes:
    fd = open_regular(path)
    if fd is None:
        raise BadPicture("it is a link or a special file")
    with os.fdopen(fd, "rb") as file:
        data = file.read(_MAX_READ + 1)
    if len(data) > _MAX_READ:
        raise BadPicture("it is too large")
    return data


def check(data: bytes, *, smallest: int = _SMALLEST_SIDE) -> Cover:
    """The picture in `data`, as it is where it is small and plain, else drawn anew. Raises `BadPicture`."""
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG", "PNG", "WEBP")) as image:
            if image.width * image.height > MAX_PIXELS or min(image.size) < smallest:
                raise BadPicture(f"{image.width}x{image.height} pixels are too many or too few")
            large = max(image.size) > MAX_SIDE or len(data) > MAX_BYTES
            if large:
                image.draft("RGB", (MAX_SIDE, MAX_SIDE))  # a JPEG is then decoded at a fraction of its size
            image.load()
            return Cover(_redrawn(image)) if large or not _is_plain(image) else Cover(data)
    except BadPicture:
        raise
    except Exception as error:  # Pillow raises errors of every kind on hostile pictures, and none may cost the book
        raise BadPicture("it is damaged or of another kind") from error


def redrawn(data: bytes) -> Cover:
    """The picture in `data`, drawn anew whatever it is: nothing else that its file held comes along.

    Raises `BadPicture`.
    """
    checked = check(data)
    if checked.data is not data:
        return checked
    with Image.open(io.BytesIO(data), formats=("JPEG", "PNG")) as image:
        return Cover(_redrawn(image))


def _is_plain(image: Image.Image) -> bool:
    """What every player shows as it is meant, without much besides the picture."""
    extras = sum(len(value) for value in image.info.values() if isinstance(value, bytes | str))
    turned = image.getexif().get(0x0112, 1) != 1
    moving = getattr(image, "n_frames", 1) > 1
    known = image.format in ("JPEG", "PNG") and image.mode in ("RGB", "L")
    return known and extras <= _MAX_EXTRAS and not turned and not moving


def _redrawn(image: Image.Image) -> bytes:
    profile = image.info.get("icc_profile", b"")
    image.thumbnail((MAX_SIDE, MAX_SIDE))  # first of all: what follows takes memory by the pixel
    drawn = _on_white(ImageOps.exif_transpose(image))
    drawn.info.clear()
    out = io.BytesIO()
    # Colours of a profile are wrong without it; one of inks or greys means nothing to the new colours.
    keep = profile if drawn.mode == image.mode and profile[16:20] == b"RGB " and len(profile) <= _MAX_EXTRAS else None
    drawn.save(out, "JPEG", quality=_QUALITY, optimize=True, icc_profile=keep)
    return out.getvalue()


def _on_white(image: Image.Image) -> Image.Image:
    """In plain colours: what is transparent becomes white, 16 bits become 8."""
    if image.mode.startswith("I"):
        image = image.convert("I").point(lambda value: value / 256).convert("L")
    if image.mode in ("RGBA", "LA", "P", "PA"):
        whole = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", whole.size, "white"), whole)
    return image.convert("RGB")
