"""The pages for people: what they point to is there, and what they tell one to type can be typed."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
_LINK = re.compile(r"!?\[[^\]]*\]\(<?([^)>\s]+)>?(?: \"[^\"]*\")?\)")
_FENCE = re.compile(r"^( *)```([^\n`]*)\n(.*?)^\1```", re.MULTILINE | re.DOTALL)


def _name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def _links(page: Path) -> list[tuple[Path, str]]:
    """The files that a page points to, with the heading in each; not the links to the web."""
    prose = _FENCE.sub("", page.read_text(encoding="utf-8"))
    targets = [target for target in _LINK.findall(prose) if not re.match(r"[a-z]+:", target)]
    parts = [target.partition("#") for target in targets]
    return [((page.parent / file).resolve() if file else page, heading) for file, _, heading in parts]


def _headings(page: Path) -> set[str]:
    """The anchors of a page's headings, made as the usual renderers make them."""
    titles = re.findall(r"^#+ +(.+)$", _FENCE.sub("", page.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    """A page that was moved or renamed takes its links along."""
    for target, heading in _links(page):
        assert target.exists(), f"{_name(page)} points to {target}, which is not there"
        assert not heading or heading in _headings(target), f"{_name(page)} points to #{heading} of {_name(target)}"


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_shell_snippet_can_be_typed(page: Path) -> None:
    """What stands in a fence marked `sh` is pasted into shells."""
    for _, language, snippet in _FENCE.findall(page.read_text(encoding="utf-8")):
        if language.strip() == "sh":
            parsed = subprocess.run(["sh", "-n"], input=snippet, text=True, capture_output=True, check=False)
            assert parsed.returncode == 0, f"{_name(page)}: {parsed.stderr}\n{snippet}"


def test_every_page_can_be_reached_from_the_first() -> None:
    """A page that nothing leads to is read by nobody."""
    reached: set[Path] = set()
    ahead = {ROOT / "README.md"}
    while ahead:
        page = ahead.pop()
        reached.add(page)
        ahead |= {target for target, _ in _links(page) if target.suffix == ".md" and target.is_file()} - reached
    assert not set(PAGES) - reached, f"not linked: {', '.join(_name(page) for page in sorted(set(PAGES) - reached))}"
