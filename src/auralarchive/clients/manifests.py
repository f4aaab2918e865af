"""Reads the manifest of a direct download, as it is handed to a client."""

from __future__ import annotations

from auralarchive.clients.display import display_text
from auralarchive.domain.client_item import ClientFile
from auralarchive.domain.manifest import parse
from auralarchive.domain.status import DownloadType
from auralarchive.ports.clients import Payload
from auralarchive.ports.errors import InvalidInput


def read_manifest(data: bytes) -> Payload:
    """The payload of a manifest; a file of unknown size counts nothing. Raises `InvalidInput`."""
    try:
        manifest = parse(data)
    except ValueError as error:
        raise InvalidInput(f"This direct download is not usable: {error}.", "Choose another release.") from error
    return Payload(
        DownloadType.HTTP,
        display_text(manifest.name, "unnamed"),
        data=data,
        size=manifest.size,
        files=tuple(ClientFile(file.path, file.size or 0, progress=0.0) for file in manifest.files),
    )
