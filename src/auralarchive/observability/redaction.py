"""Takes secrets out of text: the very values we know, and what looks like one inside a link.

Values are the safe way: a passkey in the middle of a path, quoted by a library's own exception, is
found whatever stands around it. Whoever reads a secret (settings, adapters, keys) registers it once.
"""

from __future__ import annotations

import json
import re
import threading
from urllib.parse import quote

HIDDEN = "***"

#: Shorter values would hit ordinary words; nothing that guards anything is so short.
_SHORTEST = 6

#: Names of parameters and fields that carry secrets in links, headers and JSON.
_NAMES = (
    r"api_?key|apikey|pass_?key|passwd|password|passphrase|token|secret|authkey|auth|torrent_pass|rsskey|"
    r"r|sid|session|signature|sig|jackett_apikey|cookie|authorization|x-api-key"
)
_QUERY = re.compile(rf"(?i)([?&](?:{_NAMES})=)[^&#\s\"'<>]+")
_FIELD = re.compile(
    r"(?i)(\b(?:api_?key|pass_?key|password|passphrase|token|secret|x-api-key|authorization|cookie)[\"']?\s*[:=]\s*)"
    r"(?:\"[^\"]*\"|'[^']*'|(?:Bearer\s+|Basic\s+)?[^\s,;&\"'}]+)"
)
_USER_INFO = re.compile(r"(?i)\b([a-z][a-z0-9+.-]{1,20}://)[^/\s@:\"'<>]{1,256}:[^/\s@\"'<>]{1,256}@")
#: A path's part that is nothing but a long key, as trackers put passkeys into announce addresses.
_PATH_KEY = re.compile(r"(?i)(https?://[^\s/\"'<>]+(?:/[^\s\"'<>/?#]*)*?/)[0-9a-f]{32,64}(?=/announce)")


class Redactor:
    """Knows the secrets of this process. Safe from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: set[str] = set()
        self._pattern: re.Pattern[str] | None = None

    def register(self, *values: str | None) -> None:
        """Hide these values from now on, also as a link or JSON would spell them. Short ones are ignored."""
        with self._lock:
            for value in values:
                if value and len(value) >= _SHORTEST:
                    self._values |= {value, quote(value, safe=""), quote(value)}
                    self._values |= {json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]}
            longest_first = sorted(self._values, key=len, reverse=True)
            self._pattern = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def redact(self, text: str) -> str:
        """A log's line without known values, links' keys, and whatever is named like a secret."""
        return _FIELD.sub(rf"\g<1>{HIDDEN}", self.redact_answer(text))

    def redact_answer(self, text: str) -> str:
        """Text or JSON for a page, without known values and links' keys. Names of fields may stay in it."""
        pattern = self._pattern
        if pattern is not None:
            text = pattern.sub(HIDDEN, text)
        return _without_keys(text) if "://" in text or "?" in text else text


def _without_keys(text: str) -> str:
    text = _QUERY.sub(rf"\g<1>{HIDDEN}", text)
    text = _USER_INFO.sub(rf"\g<1>{HIDDEN}@", text)
    return _PATH_KEY.sub(rf"\g<1>{HIDDEN}", text)
