"""A manifest as the pipeline and the pages see it."""

from __future__ import annotations

import pytest

from auralarchive.clients.manifests import read_manifest
from auralarchive.domain.manifest import Manifest, ManifestFile
from auralarchive.domain.status import DownloadType
from auralarchive.ports.errors import InvalidInput

URL = "https://archive.org/download/emma/1.mp3"


def test_name_size_and_files_are_known_before_anything_is_fetched() -> None:
    """There is no info-hash: such a download is known by a fingerprint of its bytes."""
    data = Manifest(
        "Emma", (ManifestFile("1.mp3", (URL,), size=700), ManifestFile("2.mp3", (URL,), size=300))
    ).to_bytes()
    payload = read_manifest(data)
    assert (payload.download_type, payload.name, payload.size) == (DownloadType.HTTP, "Emma", 1_000)
    assert payload.data == data
    assert payload.info_hash_v1 is None
    assert payload.hashes == read_manifest(data).hashes
    assert [(file.path, file.size, file.progress) for file in payload.files] == [("1.mp3", 700, 0), ("2.mp3", 300, 0)]


def test_an_unknown_size_is_unknown() -> None:
    payload = read_manifest(Manifest("Emma", (ManifestFile("1.mp3", (URL,)),)).to_bytes())
    assert payload.size is None
    assert payload.files[0].size == 0


def test_what_is_wrong_is_told_with_a_remedy() -> None:
    with pytest.raises(InvalidInput, match=r"it is no JSON\. Choose another release"):
        read_manifest(b"<html>")
