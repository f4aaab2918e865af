"""Which problems an address may answer with, for the OpenAPI document."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

from auralarchive.web.errors import KINDS


class ProblemView(BaseModel):
    """RFC 9457: what went wrong, and what to do. Some kinds carry more members (`download_id`, `errors`)."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    code: str
    detail: str
    remedy: str


#: What the gate in front of every guarded route may answer.
AT_THE_GATE = (400, 401, 403, 413, 415, 422)


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route that may answer with these statuses."""
    known = {kind.status: kind for kind in KINDS.values()}
    return {
        status: {
            "description": " or ".join(kind.title for kind in KINDS.values() if kind.status == status),
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemView"}}},
        }
        for status in statuses
        if status in known
    }
