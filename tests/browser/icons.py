"""Paints the icons of an installed application from frontend/public/favicon.svg: `script/icons`.

A maskable icon is cut to a circle or whatever the system likes: its ground goes to the edge, and the drawing stays
in the inner four fifths. Apple's is rounded by the system as well.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser

from tests.support.browser import chromium

#: Name -> width in pixels, and whether the ground goes to the edge.
ICONS = {
    "icon-192.png": (192, False),
    "icon-512.png": (512, False),
    "icon-maskable-512.png": (512, True),
    "apple-touch-icon.png": (180, True),
}
_INNER = 0.8


def main(folder: Path) -> None:
    """All of them, beside their source."""
    source = (folder / "favicon.svg").read_text("utf-8")
    with chromium() as browser:
        for name, (width, filled) in ICONS.items():
            picture = _painted(browser, _to_the_edge(source) if filled else source, width)
            # A palette holds what one colour and its soft edges need, and keeps each at a few kB.
            picture.quantize(64, dither=Image.Dither.NONE).save(folder / name, optimize=True)


def _to_the_edge(source: str) -> str:
    margin = 32 * (1 / _INNER - 1) / 2
    side = 32 + 2 * margin
    ground = f'<rect x="-{margin}" y="-{margin}" width="{side}" height="{side}" fill="#7a3b62"/>'
    wider = source.replace('viewBox="0 0 32 32">', f'viewBox="-{margin} -{margin} {side} {side}">{ground}')
    assert wider != source
    return wider


def _painted(browser: Browser, source: str, width: int) -> Image.Image:
    page = browser.new_page(viewport={"width": width, "height": width})
    page.set_content(f"<style>*{{margin:0}}svg{{display:block;width:{width}px;height:{width}px}}</style>{source}")
    picture = Image.open(io.BytesIO(page.screenshot(omit_background=True)))
    page.close()
    return picture


if __name__ == "__main__":
    main(Path(sys.argv[1]))
