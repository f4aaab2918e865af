"""Where a client runs: the settings that every client over HTTP has in common."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from auralarchive.clients.path_mapping import PathMapping
from auralarchive.ports.adapters import SELDOM


class HostSettings(BaseModel):
    """Name or address of a machine, and a port of it: all that a client without HTTP shares with the others."""

    model_config = ConfigDict(extra="forbid")

    host: str = Field(default="127.0.0.1", title="Host", description="Name or address of its Web UI.")
    port: int = Field(default=80, ge=1, le=65535, title="Port")

    @field_validator("host")
    @classmethod
    def _plain_host(cls, value: str) -> str:
        host = value.strip().strip("[]")
        if not host or any(character in host for character in "/\\@?# \t\r\n"):
            raise ValueError("name a host such as 127.0.0.1 or nas.local, without a name or password in it")
        if _is_link_local(host):
            raise ValueError("link-local addresses belong to no client")
        return host


class RemoteSettings(HostSettings):
    """A client that runs somewhere. A subclass sets its own default of `port`, and adds how to sign in."""

    https: bool = Field(default=False, title="Encrypted (https)")
    base_path: str = Field(
        default="",
        title="Base path",
        description="Where a reverse proxy has it under a path, such as /client.",
        json_schema_extra=SELDOM,
    )
    verify_tls: bool = Field(
        default=True,
        title="Check its certificate",
        description="Off only in a network that you trust.",
        json_schema_extra=SELDOM,
    )
    ca_file: str = Field(
        default="",
        title="Certificate authority",
        description="A file that vouches for its certificate.",
        json_schema_extra=SELDOM,
    )
    path_mappings: tuple[PathMapping, ...] = Field(
        default=(),
        title="Path mappings",
        description="Where the client names its folders by other paths than we.",
        json_schema_extra=SELDOM,
    )

    @model_validator(mode="before")
    @classmethod
    def _whole_address(cls, values: Any) -> Any:
        """People paste the address of the page: as `url` or into `host`, it is taken apart."""
        if not isinstance(values, Mapping):
            return values
        address = values.get("url") or values.get("host")
        if not isinstance(address, str) or "://" not in address:
            return values
        return {**{key: value for key, value in values.items() if key != "url"}, **_parts(address)}

    @property
    def url(self) -> str:
        """Its address, without a slash at the end."""
        scheme = "https" if self.https else "http"
        host = f"[{self.host}]" if ":" in self.host else self.host
        path = self.base_path.strip("/")
        return f"{scheme}://{host}:{self.port}" + (f"/{path}" if path else "")

    @property
    def verification(self) -> bool | str:
        """How its certificate is checked, as `wire.Wire` takes it."""
        return (self.ca_file or True) if self.verify_tls else False


def _parts(address: str) -> dict[str, Any]:
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query:
        raise ValueError("an address such as http://127.0.0.1:8080, without a name or password in it")
    secure = parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    return {"host": parts.hostname, "port": port, "https": secure, "base_path": parts.path}


def _is_link_local(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_link_local
    except ValueError:
        return False
