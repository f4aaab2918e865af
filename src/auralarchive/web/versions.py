"""Which state of a thing a person has seen, so that nobody writes over what somebody else has saved meanwhile.

The version is a digest of what is shown: who sees the same has the same version, and it outlives a restart.
A form sends it back as `If-Match`; without that header all is written as before. Secrets are shown to
nobody, so they are not part of it: one that nobody retypes stays whatever another has made of it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Header

from auralarchive.web.errors import Problem

IfMatch = Annotated[
    str | None,
    Header(alias="If-Match", max_length=500, description='The `version` that was seen, in quotes: `"5f3a…"`.'),
]


def version_of(shown: Mapping[str, Any]) -> str:
    """The version of what a view shows."""
    text = json.dumps(shown, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def check_version(if_match: str | None, now: str) -> None:
    """Raises the problem `changed_by_another` where the request was made over another state."""
    if if_match is None or if_match.strip() == "*":
        return
    seen = {part.strip().removeprefix("W/").strip('"') for part in if_match.split(",")}
    if now not in seen:
        raise Problem("changed_by_another")
