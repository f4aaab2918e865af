"""Debian's Chromium, driven by Playwright, with every way to the outside closed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.support.processes import missing

# No sandbox, for tests may run as root; no background work, and no name but localhost resolves.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-domain-reliability",
    "--disable-features=OptimizationHints,MediaRouter,Translate",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
)

#: Milliseconds for a page to do what is asked of it, or to show what is expected: the machine may be busy.
PATIENCE_MS = 30_000
expect.set_options(timeout=PATIENCE_MS)


def chromium_path() -> str:
    """Where Chromium is; skips the test when it is not on this machine."""
    return shutil.which("chromium") or missing("Chromium", "script/test installs it")


@contextmanager
def chromium() -> Iterator[Browser]:
    """A running browser without a window."""
    executable = chromium_path()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, headless=True, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()


class Pages:
    """Opens pages, each in a session of its own, and gathers what goes wrong in them."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._contexts: list[BrowserContext] = []
        self.errors: list[str] = []

    def __call__(self, **options: Any) -> Page:
        """A new page; `options` are those of a browser context (base_url, viewport, color_scheme …)."""
        context = self._browser.new_context(**options)
        context.set_default_timeout(PATIENCE_MS)
        self._contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda message: self.errors.append(message.text) if message.type == "error" else None)
        return page

    def close(self) -> None:
        """Close all of them."""
        for context in self._contexts:
            context.close()
