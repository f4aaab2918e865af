"""Chooses and checks the cover. A bad picture never fails a book: it is left out, with a word about it.

Pictures come from strangers. Only JPEG, PNG and WebP are ever opened, none above 40 million pixels, and
what is large, odd or carries much besides the picture is drawn anew as a JPEG.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageOps

from auralarchive.audio.sources import open_regular, printable

MAX_PIXELS = 40_000_000
MAX_SIDE = 1200
MAX_BYTES = 1_500_000
_MAX_READ = 32 * 1024 * 1024
_MAX_EXTRAS = 64 * 1024
_SMALLEST_SIDE = 16
_SUFFIXES = frozenset((".jpg", ".jpeg", ".png", ".webp"))
_NAMES = ("cover", "folder", "front", "albumart", "poster", "artwork")
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
    """The first good one of: the person's own, those inside the sources, files beside them."""
    if wanted is not None and (cover := _from_file(wanted, warnings)):
        return cover
    for data in embedded:
        try:
            return check(data)
        except BadPicture as error:
            warnings.append(f"The picture inside the audio was left out: {error}.")
    for path in sorted((path for path in beside if path.suffix.lower() in _SUFFIXES), key=_likely):
        if cover := _from_file(path, warnings):
            return cover
    return None


def _likely(path: Path) -> tuple[int, str]:
    stem = path.stem.lower()
    return next((place for place, name in enumerate(_NAMES) if name in stem), len(_NAMES)), path.name


def _from_file(path: Path, warnings: list[str]) -> Cover | None:
    try:
        return check(_read(path))
    except (BadPicture, OSError) as error:
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


def check(data: bytes) -> Cover:
    """The picture in `data`, as it is where it is small and plain, else drawn anew. Raises `BadPicture`."""
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG", "PNG", "WEBP")) as image:
            if image.width * image.height > MAX_PIXELS or min(image.size) < _SMALLEST_SIDE:
                raise BadPicture(f"{image.width}x{image.height} pixels are too many or too few")
            plain = _is_plain(image, data)
            image.load()
            return Cover(data) if plain else Cover(_redrawn(image))
    except BadPicture:
        raise
    except Exception as error:  # Pillow raises errors of every kind on hostile pictures, and none may cost the book
        raise BadPicture("it is damaged or of another kind") from error


def _is_plain(image: Image.Image, data: bytes) -> bool:
    extras = sum(len(value) for value in image.info.values() if isinstance(value, bytes | str))
    turned = image.getexif().get(0x0112, 1) != 1
    return (
        image.format in ("JPEG", "PNG")
        and image.mode in ("RGB", "L")
        and max(image.size) <= MAX_SIDE
        and len(data) <= MAX_BYTES
        and extras <= _MAX_EXTRAS
        and not turned
    )


def _redrawn(image: Image.Image) -> bytes:
    upright = ImageOps.exif_transpose(image)
    if upright.mode in ("RGBA", "LA", "P", "PA"):
        whole = upright.convert("RGBA")
        ground = Image.new("RGBA", whole.size, "white")
        upright = Image.alpha_composite(ground, whole)
    drawn = upright.convert("RGB")
    drawn.thumbnail((MAX_SIDE, MAX_SIDE))
    drawn.info.clear()
    out = io.BytesIO()
    drawn.save(out, "JPEG", quality=_QUALITY, optimize=True)
    return out.getvalue()
