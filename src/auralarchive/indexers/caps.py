"""What an indexer can do: its kinds of search, its limits, and which of its categories are ours.

Category numbers are a convention that not all keep: what is 7000 "Books" to one is 8000 to another.
So they are chosen by the names that the indexer itself gives them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from auralarchive.indexers.feed import CapsCategory, Feed
from auralarchive.indexers.values import parse_count

DEFAULT_PAGE = 100
_CUSTOM = 100_000  # from here on numbers are each indexer's own

#: The usual number: the words of names under which indexers list it, the last part of "Audio/Audiobook".
_STANDARD: Mapping[int, frozenset[str]] = {
    3000: frozenset({"audio", "music"}),
    3030: frozenset({"audiobook", "audiobooks", "audio book", "audio books", "hörbuch", "hörbücher", "livre audio"}),
    7000: frozenset({"books", "book"}),
    7020: frozenset({"ebook", "ebooks", "e-book", "e-books"}),
    8000: frozenset({"other", "misc"}),
    8010: frozenset({"misc", "ebook", "ebooks"}),
}
_PARENTS = {3030: 3000, 7020: 7000, 8010: 8000}


@dataclass(frozen=True, slots=True)
class Caps:
    """Capabilities. A kind of search holds its supported parameters; None where it is not offered."""

    title: str = ""
    page_size: int = DEFAULT_PAGE
    search: frozenset[str] | None = frozenset({"q"})
    book: frozenset[str] | None = None
    raw: bool = False  # its search engine wants the words as they are, signs included
    categories: tuple[CapsCategory, ...] = ()
    category_ids: Mapping[str, int] = field(default_factory=dict)


def read_caps(feed: Feed) -> Caps:
    """The capabilities of an answer to `t=caps`; what is missing has the values that everybody assumes."""
    sizes = [parse_count(feed.limits.get(name, "")) for name in ("default", "max")]
    largest = max((size for size in sizes if size), default=DEFAULT_PAGE)
    search = feed.searching.get("search")
    return Caps(
        title=feed.server_title,
        page_size=min(DEFAULT_PAGE, largest),
        search=frozenset({"q"}) if search is None else _params(search),
        book=_params(feed.searching.get("book-search")),
        raw=(search or {}).get("searchengine", "").lower() == "raw",
        categories=tuple(feed.categories),
        category_ids={category.name.strip().casefold(): category.id for category in reversed(feed.categories)},
    )


def choose_categories(wanted: Sequence[int], caps: Caps) -> tuple[int, ...]:
    """The indexer's own numbers for the wanted categories; nothing where it lists none that fit.

    Without any list the wanted numbers are sent as they are.
    """
    if not caps.categories:
        return tuple(wanted)
    found = [number for category in wanted for number in _own_numbers(category, caps)]
    if not found:
        found = [number for category in wanted for number in _own_numbers(_PARENTS.get(category, 0), caps)]
    return tuple(dict.fromkeys(found))


def _own_numbers(wanted: int, caps: Caps) -> list[int]:
    names = _STANDARD.get(wanted)
    if names is None or wanted >= _CUSTOM:
        return [category.id for category in caps.categories if category.id == wanted]
    return [category.id for category in caps.categories if _last_part(category.name) in names]


def _last_part(name: str) -> str:
    return name.rpartition("/")[2].strip().casefold()


def _params(attributes: Mapping[str, str] | None) -> frozenset[str] | None:
    if attributes is None or attributes.get("available", "").strip().lower() not in ("yes", "true", "1"):
        return None
    names = attributes.get("supportedparams", "q")
    return frozenset(name.strip().lower() for name in names.split(",") if name.strip()) or frozenset({"q"})
