"""Covers for books that nobody has drawn one for: flat shapes, the title and the author, each from its number alone.

`paint(3, "Emma", "Jane Austen")` is always the same JPEG.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable

from PIL import Image, ImageDraw, ImageFont

_SIZE = 600
#: Ground, shapes in front of each other, letters.
_PALETTES = (
    ("#f2d9b1", ("#e07a4f", "#b8433d", "#5c2340"), "#3a1730"),
    ("#173449", ("#1f5673", "#e8b04a", "#f3e3c2"), "#f7efdf"),
    ("#dfe8dc", ("#8db596", "#4c8069", "#24493f"), "#17352d"),
    ("#3b2147", ("#6b3a78", "#c2607f", "#f0b39a"), "#fbe9e0"),
    ("#f5ead7", ("#7fa6b8", "#c98b5e", "#2f4858"), "#22333d"),
)

Pen = ImageDraw.ImageDraw


def paint(number: int, title: str, author: str) -> bytes:
    """A square JPEG."""
    ground, shapes, ink = _PALETTES[number % len(_PALETTES)]
    picture = Image.new("RGB", (_SIZE, _SIZE), ground)
    pen = ImageDraw.Draw(picture)
    _MOTIFS[number % len(_MOTIFS)](pen, shapes)
    _write(pen, title, 44, 64, ink)
    _write(pen, author, 28, _SIZE - 84, ink if number % len(_MOTIFS) in _LIGHT_BELOW else ground)
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=88)
    return file.getvalue()


def _write(pen: Pen, text: str, size: int, top: float, ink: str) -> None:
    """In the middle, on as many lines as it takes."""
    font = ImageFont.truetype("DejaVuSerif.ttf", size)
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and pen.textlength(longer, font) > _SIZE - 120:
            lines.append(word)
        else:
            lines[-1] = longer
    pen.multiline_text((_SIZE / 2, top), "\n".join(lines[:4]), ink, font, anchor="ma", align="center", spacing=10)


def _hills(pen: Pen, shapes: tuple[str, ...]) -> None:
    pen.ellipse((370, 210, 500, 340), shapes[0])
    for step, colour in enumerate(shapes):
        height = 360 + 60 * step
        edge = [(x, height + 40 * math.sin(x / (70 + 25 * step) + step * 2)) for x in range(0, _SIZE + 1, 6)]
        pen.polygon([(0, _SIZE), *edge, (_SIZE, _SIZE)], colour)


def _waves(pen: Pen, shapes: tuple[str, ...]) -> None:
    pen.pieslice((180, 230, 420, 470), 180, 360, shapes[1])
    for row in range(6):
        for column in range(-1, 9):
            left, top = column * 80 + (row % 2) * 40, 350 + row * 44
            pen.pieslice((left, top, left + 80, top + 80), 180, 360, shapes[0] if row % 2 else shapes[2])
    pen.rectangle((0, 490, _SIZE, _SIZE), shapes[0])


def _leaves(pen: Pen, shapes: tuple[str, ...]) -> None:
    for stem in range(5):
        x = 90 + stem * 105
        pen.line((x, 590, x, 270 + 40 * (stem % 2)), shapes[2], 5)
        for leaf in range(5):
            y = 300 + 40 * (stem % 2) + leaf * 52
            colour = shapes[(stem + leaf) % 2]
            pen.ellipse((x - 48, y, x - 2, y + 26), colour)
            pen.ellipse((x + 2, y + 22, x + 48, y + 48), colour)
    pen.rectangle((0, 500, _SIZE, _SIZE), shapes[2])


def _moons(pen: Pen, shapes: tuple[str, ...]) -> None:
    for ring, colour in enumerate(shapes):
        reach = 150 - 45 * ring
        pen.ellipse((300 - reach, 360 - reach, 300 + reach, 360 + reach), colour)
    for star in range(40):
        x, y = (star * 211) % _SIZE, 190 + (star * 137) % 330
        if math.hypot(x - 300, y - 360) > 170:
            pen.ellipse((x, y, x + 4, y + 4), shapes[2])


def _houses(pen: Pen, shapes: tuple[str, ...]) -> None:
    for house in range(7):
        left, top = house * 88 - 8, 300 + (house * 53) % 110
        pen.polygon([(left, top), (left + 44, top - 52), (left + 88, top)], shapes[1])
        pen.rectangle((left, top, left + 88, _SIZE), shapes[0] if house % 2 else shapes[2])
        for window in range(3):
            pen.rectangle((left + 32, top + 30 + window * 56, left + 54, top + 58 + window * 56), "#f9e7b8")
    pen.rectangle((0, 500, _SIZE, _SIZE), shapes[2])


_MOTIFS: tuple[Callable[[Pen, tuple[str, ...]], None], ...] = (_hills, _waves, _leaves, _moons, _houses)
#: Motifs on which the author is written in the same colour as the title.
_LIGHT_BELOW = frozenset({1, 3})
