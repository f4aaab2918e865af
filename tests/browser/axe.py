"""What axe finds wrong with a page as it is now."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page

AXE = Path(__file__).parents[2] / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
_RUN = """async () => (await axe.run(document, {resultTypes: ['violations']})).violations
    .filter(one => ['serious', 'critical'].includes(one.impact))
    .map(one => `${one.id}: ${one.help}: ${one.nodes.map(node => `${node.target} ${node.failureSummary}`).join(' | ')}`)
"""


def violations(page: Page) -> list[str]:
    """Whatever is serious or critical."""
    # Evaluated, not added as a script: the page's own rules let in no script of somebody else.
    page.evaluate(AXE.read_text("utf-8"))
    wrong: list[str] = page.evaluate(_RUN)
    return wrong
