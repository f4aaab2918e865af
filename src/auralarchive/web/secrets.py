"""Secrets of adapters and settings: written, never read, and sent only to whom they were meant for.

A stored secret is shown as `{"set": true}`. Whoever sends that back, or leaves the field out, keeps
what is stored. But a stored secret belongs to the address it was stored with: with another host or
port it has to be entered again, or a form could be used to send our passwords elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from auralarchive.web.errors import Problem
from auralarchive.web.services import SettingValue

#: Settings that say where an adapter connects to.
_ADDRESS = frozenset(
    {
        "host",
        "port",
        "url",
        "base_url",
        "url_base",
        "path",
        "base_path",
        "scheme",
        "tls",
        "ssl",
        "use_ssl",
        "use_tls",
        "https",
    }
    | {"verify", "verify_tls", "tls_verify", "ca_file", "proxy", "proxy_url"}
)

#: The same in a section of the application's own settings.
_SECTION_ADDRESS = frozenset({"qb_host", "qb_port"})


def shown(settings: Mapping[str, Any], secret_keys: frozenset[str]) -> dict[str, Any]:
    """Settings as they may leave the server."""
    return {key: {"set": bool(value)} if key in secret_keys else value for key, value in settings.items()}


def is_unchanged(value: Any) -> bool:
    """Whether this stands for the stored secret: what a form got and sends back."""
    return isinstance(value, Mapping) and set(value) <= {"set"}


def merged(
    given: Mapping[str, Any], stored: Mapping[str, Any] | None, secret_keys: frozenset[str], *, lost: bool = False
) -> dict[str, Any]:
    """`given` with the stored secrets where they were left alone. Raises the problem `secret_needed`.

    A secret that stays keeps its address: a part of it that is left out does not fall back to a default,
    behind which somebody else may listen. `lost` ones cannot be read now, but may be again.
    """
    result = {key: value for key, value in given.items() if not (key in secret_keys and is_unchanged(value))}
    kept = {key: stored[key] for key in secret_keys - set(result) if stored and stored.get(key)}
    stays = set(kept) or (set(secret_keys) if lost and not any(result.get(key) for key in secret_keys) else set())
    if stays and stored is not None and _moved(result, stored):
        raise Problem("secret_needed", errors=[{"field": f"settings.{key}"} for key in sorted(stays)])
    address = {key: stored[key] for key in _ADDRESS & set(stored)} if kept and stored is not None else {}
    return {**address, **result, **kept}


def check_section(section: str, changed: Mapping[str, Any], now: Mapping[str, SettingValue]) -> None:
    """The same for a section of settings: `changed` must not send what stays elsewhere. Raises `secret_needed`."""
    free = {key for key, value in now.items() if value.locked_by is None}  # what is locked is refused anyway
    moved = any(now[key].value != changed[key] for key in _SECTION_ADDRESS & free & set(changed))
    kept = sorted(key for key, value in now.items() if value.secret and value.is_set and key not in changed)
    if moved and kept:
        raise Problem("secret_needed", errors=[{"field": f"{section}.{key}"} for key in kept])


def _moved(given: Mapping[str, Any], stored: Mapping[str, Any]) -> bool:
    return any(given[key] != stored.get(key) for key in _ADDRESS & set(given))
