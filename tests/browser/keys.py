"""A person without a mouse: keys only, and every stop of the focus has to be seen."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Locator, Page

#: Where the focus is: what has it, and whether it shows. The content and a title are only places to begin at.
_FOCUS = """() => {
  const one = document.activeElement;
  if (!one || one === document.body) return null;
  const { outlineStyle, outlineWidth } = getComputedStyle(one);
  const { bottom, right, top, left } = one.getBoundingClientRect();
  return {
    name: one.outerHTML.slice(0, 160),
    shown: one.matches('h1, main, dialog h2') || (outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2),
    onScreen: bottom > 0 && right > 0 && top < innerHeight && left < innerWidth,
  };
}"""
_MOST = 300


class Keys:
    """Presses keys on a page and notes each stop at which the focus cannot be seen."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.unseen: list[str] = []

    def press(self, *keys: str) -> None:
        """One after the other."""
        for key in keys:
            self.page.keyboard.press(key)

    def to(self, target: Locator, key: str = "Tab") -> None:
        """Go on with `key` until `target` has the focus; AssertionError when it never gets it."""
        target.wait_for()
        for _ in range(_MOST):
            if self.has_focus(target):
                return
            self.page.keyboard.press(key)
            self.look()
        raise AssertionError(f"no way to {target}; the focus is at {self.page.evaluate(_FOCUS)}")

    def on(self, target: Locator, key: str = "Enter") -> None:
        """Go there and press."""
        self.to(target)
        self.page.keyboard.press(key)

    def write(self, target: Locator, text: str) -> None:
        """Go there and type."""
        self.to(target)
        self.page.keyboard.type(text)

    def look(self) -> dict[str, Any] | None:
        """Where the focus is; noted when it cannot be seen."""
        found: dict[str, Any] | None = self.page.evaluate(_FOCUS)
        if found and not (found["shown"] and found["onScreen"]):
            self.unseen.append(found["name"])
        return found

    def has_focus(self, target: Locator) -> bool:
        """Whether it is on `target`."""
        return bool(target.evaluate("one => one === document.activeElement"))
