"""Where a client runs: the settings that every client over HTTP has in common."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import quote, urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from auralarchive.clients.display import has_control_characters
from auralarchive.clients.path_mapping import PathMapping
from auralarchive.ports.adapters import SELDOM


class HostSettings(BaseModel):
    """Name or address of a machine, and a port of it: all that a client without HTTP shares with the others."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    host: str = Field(default="127.0.0.1", title="Host", description="Name or address of its Web UI.")
    port: int = Field(default=80, ge=1, le=65535, title="Port")

    @field_validator("host")
    @classmethod
    def _plain_host(cls, value: str) -> str:
        host = value.strip().strip("[]")
        if not host or has_control_characters(host) or any(character in host for character in "/\\@?#% "):
            raise ValueError("name a host such as 127.0.0.1 or nas.local, without a name or password in it")
        address = _address(host)
        if address is None and ":" in host:
            raise ValueError("name the host alone: the port has a field of its own")
        if address is not None and address.is_link_local:
            raise ValueError("link-local addresses belong to no client")
        return _ascii(host)


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
        path = quote(self.base_path.strip("/"), safe="/%~:@!$&'()*+,;=")
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


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address that `host` is, an IPv4 one also where it is wrapped into IPv6; None for a name."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _ascii(host: str) -> str:
    """A name of any script as it goes over the wire: headers hold nothing else."""
    try:
        return host if host.isascii() else host.encode("idna").decode("ascii")
    except UnicodeError as error:
        raise ValueError("that is no name of a host") from error


def _as_pasted(key: SecretStr) -> SecretStr:
    """A key goes into a header or a form as it is: what is copied along with it must not."""
    text = key.get_secret_value().strip()
    if not text.isascii() or has_control_characters(text):
        raise ValueError("a key is made of plain letters and digits: copy it again")
    return SecretStr(text)


#: A key that a person copies from the client's pages.
ApiKey = Annotated[SecretStr, AfterValidator(_as_pasted)]
