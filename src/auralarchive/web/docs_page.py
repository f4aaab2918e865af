"""The API's documentation as one plain page: made from the OpenAPI document, without any script."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

_HEAD = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>AuralArchive API</title></head><body><main><h1>AuralArchive API</h1>
<p>The machine-readable document is <a href="{base}/api/openapi.json">{base}/api/openapi.json</a>.
Scripts send an API key in the header <code>X-Api-Key</code>.
Errors are <code>application/problem+json</code> with a <code>code</code>.</p>
"""


def docs_page(document: Mapping[str, Any], base: str = "") -> str:
    """Every operation with its words, its parameters and its answers; `base` is the base path."""
    return _HEAD.format(base=base) + "".join(_operations(document)) + "</main></body></html>"


def _operations(document: Mapping[str, Any]) -> Iterator[str]:
    for path, methods in sorted(document["paths"].items()):
        for method, operation in methods.items():
            yield f"<section><h2><code>{method.upper()} {escape(path)}</code></h2>"
            yield f"<p>{escape(operation.get('description') or operation.get('summary', ''))}</p>"
            yield _parameters(operation)
            yield f"<p>Answers: {escape(', '.join(sorted(operation['responses'])))}</p></section>"


def _parameters(operation: Mapping[str, Any]) -> str:
    rows = [
        f"<li><code>{escape(one['name'])}</code> ({escape(one['in'])}) {escape(one.get('description', ''))}</li>"
        for one in operation.get("parameters", [])
    ]
    return f"<ul>{''.join(rows)}</ul>" if rows else ""
