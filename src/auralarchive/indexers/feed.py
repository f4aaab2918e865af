"""Reads the XML of Torznab and Newznab as it comes, not as it should be.

Indexers are many and old; a parser that insists would see half of them. So the bytes are decoded by
what they are rather than by their label, control characters and HTML's own entities are mended,
prefixes need no declaration. What is never mended: document types and entities of one's own are
refused, nesting, items and text are capped. The result is plain text: nobody renders it as HTML.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.entities import html5
from xml.sax import SAXException
from xml.sax.expatreader import AttributesImpl
from xml.sax.handler import ContentHandler

from defusedxml.common import DefusedXmlException
from defusedxml.sax import parseString

MAX_DEPTH = 40
MAX_ITEMS = 1_000
MAX_VALUES = 200  # of one name in one item: enclosures, categories, attributes
MAX_CATEGORIES = 2_000
MAX_TEXT = 64 * 1024

_DECLARATION = re.compile(rb"\s*<\?xml[^>]{0,300}\?>")
_LABEL = re.compile(rb"encoding\s*=\s*[\"']([A-Za-z0-9._:-]{1,40})[\"']")
_ENCODINGS = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "us-ascii": "utf-8",
    "ascii": "utf-8",
    "utf-16": "utf-16",
    "utf-16le": "utf-16-le",
    "utf-16be": "utf-16-be",
    "iso-8859-1": "cp1252",  # who says Latin 1 writes Windows' quotation marks
    "latin1": "cp1252",
    "windows-1252": "cp1252",
    "cp1252": "cp1252",
    "iso-8859-2": "iso8859-2",
    "iso-8859-15": "iso8859-15",
    "windows-1250": "cp1250",
    "windows-1251": "cp1251",
    "koi8-r": "koi8-r",
}
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_REFERENCE = re.compile(r"&(#[xX][0-9A-Fa-f]{1,8};|#[0-9]{1,8};|[A-Za-z][A-Za-z0-9]{1,31};)?")
_XML_ENTITIES = frozenset({"amp;", "lt;", "gt;", "quot;", "apos;"})
_CDATA, _CDATA_END = "<![CDATA[", "]]>"


class FeedRefused(Exception):
    """This is no feed that we read: not XML, of a forbidden kind, or nested too deeply."""


@dataclass(frozen=True, slots=True)
class Element:
    """One child of an item: its text and its attributes, all names in lower case and without prefix."""

    text: str
    attributes: dict[str, str]


@dataclass(slots=True)
class Item:
    """One `<item>`: its children by name, and the values of its `attr` elements by name."""

    children: dict[str, list[Element]] = field(default_factory=dict)
    attrs: dict[str, list[str]] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """The text of the first child of this name that has any."""
        return next((child.text for child in self.children.get(name, ()) if child.text), "")

    def attr(self, name: str) -> str:
        """The first value of this attribute, or nothing."""
        return next(iter(self.attrs.get(name, ())), "")


@dataclass(frozen=True, slots=True)
class CapsCategory:
    """One category as the indexer lists it."""

    id: int
    name: str
    parent: str = ""


@dataclass(slots=True)
class Feed:
    """What one answer holds: items, capabilities, or an error."""

    root: str = ""
    items: list[Item] = field(default_factory=list)
    error_code: int | None = None
    error_text: str = ""
    server_title: str = ""
    limits: dict[str, str] = field(default_factory=dict)
    searching: dict[str, dict[str, str]] = field(default_factory=dict)
    categories: list[CapsCategory] = field(default_factory=list)
    capped: bool = False


class _Enough(Exception):
    """The rest of the feed is not read."""


def read_feed(data: bytes) -> Feed:
    """The content of an answer. A feed that breaks off keeps what was complete before. Raises `FeedRefused`."""
    handler = _Reader()
    text = mend(decode(data))
    try:
        parseString(text.encode(), handler, forbid_dtd=True)
    except _Enough:
        handler.feed.capped = True
    except DefusedXmlException as error:
        raise FeedRefused("it holds a document type of its own, which is never read") from error
    except (SAXException, ValueError) as error:
        if not handler.feed.items:
            raise FeedRefused("it is not XML") from error
    if handler.feed.root in ("", "html", "body"):
        raise FeedRefused("it is not XML but a web page")
    return handler.feed


def decode(data: bytes) -> str:
    """The text of an XML document without its declaration. Raises `FeedRefused` for exotic encodings."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _without_declaration(data.decode("utf-16", "replace"))
    data = data.removeprefix(b"\xef\xbb\xbf")
    declaration = _DECLARATION.match(data)
    label = _LABEL.search(declaration[0]) if declaration else None
    encoding = "utf-8"
    if label:
        known = _ENCODINGS.get(label[1].decode("ascii").lower())
        if known is None:
            raise FeedRefused(f"its encoding {label[1].decode('ascii')[:20]!r} is not supported")
        encoding = known
    body = data[declaration.end() :] if declaration else data
    try:
        return body.decode()  # what is valid UTF-8 is UTF-8, whatever it is labelled
    except UnicodeDecodeError:
        return body.decode("cp1252" if encoding == "utf-8" else encoding, "replace")


def mend(text: str) -> str:
    """The same document without what keeps it from being well-formed; CDATA sections stay as they are."""
    text = _CONTROL.sub("", text.lstrip("\ufeff \t\r\n"))
    parts: list[str] = []
    position = 0
    # By hand instead of by one expression: an unclosed section would make that one quadratic.
    while (start := text.find(_CDATA, position)) >= 0:
        end = text.find(_CDATA_END, start)
        if end < 0:
            break
        parts += (_REFERENCE.sub(_mend_reference, text[position:start]), text[start : end + 3])
        position = end + 3
    parts.append(_REFERENCE.sub(_mend_reference, text[position:]))
    return "".join(parts)


def _mend_reference(match: re.Match[str]) -> str:
    name = match[1]
    if name is None:
        return "&amp;"
    if name in _XML_ENTITIES:
        return match[0]
    if name.startswith("#"):
        return _mend_number(name)
    known = html5.get(name)
    # As numbers: &LT; is HTML's, too, and must not become a bracket of the document.
    return "".join(f"&#{ord(character)};" for character in known) if known else f"&amp;{name}"


def _mend_number(name: str) -> str:
    number = int(name[2:-1], 16) if name[1] in "xX" else int(name[1:-1])
    if number > 0x10FFFF or _CONTROL.match(chr(number)):
        return ""
    return f"&#{number};"


def _without_declaration(text: str) -> str:
    start = text.find("<?xml")
    end = text.find("?>", start)
    return text[end + 2 :] if 0 <= start < 5 and 0 < end < 300 else text


def _local(name: str) -> str:
    return name.rpartition(":")[2].lower()


class _Reader(ContentHandler):
    """Walks through the document and keeps only what has a meaning for us."""

    def __init__(self) -> None:
        super().__init__()
        self.feed = Feed()
        self._depth = 0
        self._item: Item | None = None
        self._item_depth = 0
        self._attributes: dict[str, str] = {}
        self._text: list[str] = []
        self._length = 0
        self._parent_category = ""
        self._values = 0

    def startElement(self, name: str, attrs: AttributesImpl) -> None:  # noqa: N802 -- named by SAX
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise FeedRefused("it is nested far too deeply")
        local = _local(name)
        if self._depth == 1:
            self.feed.root = local
        self._text, self._length = [], 0
        self._attributes = {_local(key): value[:MAX_TEXT] for key, value in attrs.items()}
        if self._item is None:
            self._outside(local)
        elif local == "attr":
            self._keep_attr(self._item)

    def endElement(self, name: str) -> None:  # noqa: N802 -- named by SAX
        local = _local(name)
        if self._item is not None:
            if self._depth == self._item_depth:
                self._finish_item(self._item)
            elif self._depth == self._item_depth + 1 and local != "attr":
                self._keep_child(self._item, local)
        elif local == "category":
            self._parent_category = ""
        self._text, self._length = [], 0
        self._depth -= 1

    def characters(self, content: str) -> None:
        if self._item is not None and self._length < MAX_TEXT:
            self._text.append(content[: MAX_TEXT - self._length])
            self._length += len(content)

    def _outside(self, local: str) -> None:
        attributes = self._attributes
        if local == "item":
            self._item, self._item_depth, self._values = Item(), self._depth, 0
        elif local == "error" and "code" in attributes:
            code = attributes["code"]
            self.feed.error_code = int(code) if code.isascii() and code.isdigit() and len(code) < 6 else 900
            self.feed.error_text = attributes.get("description", "")[:500]
        elif self.feed.root == "caps":
            self._caps(local, attributes)

    def _caps(self, local: str, attributes: dict[str, str]) -> None:
        if local == "server":
            self.feed.server_title = attributes.get("title", "")[:200]
        elif local == "limits":
            self.feed.limits = attributes
        elif local.endswith("search"):
            self.feed.searching[local] = attributes
        elif local in ("category", "subcat"):
            self._category(local, attributes)

    def _category(self, local: str, attributes: dict[str, str]) -> None:
        name = attributes.get("name", "")[:200]
        parent = self._parent_category if local == "subcat" else ""
        if local == "category":
            self._parent_category = name
        number = attributes.get("id", "")
        # Some list their own words as ids; those are no category that could be asked for.
        if number.isascii() and number.isdigit() and len(number) < 10 and len(self.feed.categories) < MAX_CATEGORIES:
            self.feed.categories.append(CapsCategory(int(number), name, parent))

    def _keep_attr(self, item: Item) -> None:
        values = item.attrs.setdefault(self._attributes.get("name", "").lower()[:50], [])
        if len(values) < MAX_VALUES and self._values < 10 * MAX_VALUES:
            self._values += 1
            values.append(self._attributes.get("value", "").strip())

    def _keep_child(self, item: Item, local: str) -> None:
        values = item.children.setdefault(local[:50], [])
        if len(values) < MAX_VALUES and self._values < 10 * MAX_VALUES:
            self._values += 1
            values.append(Element("".join(self._text).strip(), self._attributes))

    def _finish_item(self, item: Item) -> None:
        self.feed.items.append(item)
        self._item = None
        if len(self.feed.items) >= MAX_ITEMS:
            raise _Enough
