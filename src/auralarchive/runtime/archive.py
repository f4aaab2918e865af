"""The file that a backup is: a zip with a manifest, and nothing in it that is believed unseen.

Members have fixed names, which are looked up and never used as paths. Their sizes are known before anything is
unpacked, and each is compared with its digest while it is. Secrets are in it only under a passphrase: Argon2id makes
the key, AES-GCM seals them, and the name of the member is sealed with it, so that two cannot change places.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Literal

from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from auralarchive.ports.errors import NoSpace, UnusableBackup, WrongPassphrase

FORMAT = 1
MANIFEST, DATABASE, CONFIG = "manifest.json", "auralarchive.db", "config.toml"
CLIENT_NOTES = "client-notes.json"
SEALED_KEY, SEALED_CONFIG = "secret.key.sealed", "config.toml.sealed"

#: The largest file that is taken in. The library is never part of it.
MOST_BYTES = 4 << 30
#: What each member may take at most, unpacked.
MOST: Mapping[str, int] = {
    MANIFEST: 64 << 10,
    DATABASE: 16 << 30,
    CONFIG: 1 << 20,
    CLIENT_NOTES: 64 << 20,
    SEALED_CONFIG: (1 << 20) + 64,
    SEALED_KEY: 64 << 10,
}
#: No member of ours shrinks more than this; small ones may.
_MOST_RATIO, _SMALL = 200, 64 << 20
_MOST_MEMBERS, _MOST_DIRECTORY = len(MOST), 8 << 10
_PIECE = 1 << 20
_SALT, _NONCE = 16, 12
_ANOTHER = "Choose another backup, or fetch this one anew."


class Member(BaseModel):
    """What a member must be."""

    model_config = ConfigDict(extra="forbid")

    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    size: int = Field(ge=0)


class Manifest(BaseModel):
    """What a backup says of itself. `secrets`: whether they are in it, sealed with a passphrase."""

    format: int = Field(ge=1)
    application: str = Field(max_length=100)
    made_at: datetime
    revision: str = Field(max_length=100)
    secrets: Literal["sealed", "left_out"]
    downloads: int = Field(ge=0)
    books: int = Field(ge=0)
    accounts: int = Field(ge=0)
    members: dict[str, Member] = Field(max_length=_MOST_MEMBERS)


def write_archive(target: Path, contents: Mapping[str, Path | bytes], manifest: Mapping[str, object]) -> Manifest:
    """Write a new file that only its owner can read. `manifest` lacks what is found out here: the members."""
    with os.fdopen(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
            members = {name: _add(archive, name, content) for name, content in contents.items()}
            whole = Manifest.model_validate({**manifest, "format": FORMAT, "members": members})
            archive.writestr(MANIFEST, whole.model_dump_json(indent=1))
        file.flush()
        os.fsync(file.fileno())
    return whole


def _add(archive: zipfile.ZipFile, name: str, content: Path | bytes) -> Member:
    if isinstance(content, bytes):
        archive.writestr(name, content)
        return Member(sha256=hashlib.sha256(content).hexdigest(), size=len(content))
    digest, size = hashlib.sha256(), 0
    with content.open("rb") as source, archive.open(name, "w", force_zip64=True) as member:
        while piece := source.read(_PIECE):
            digest.update(piece)
            size += len(piece)
            member.write(piece)
    return Member(sha256=digest.hexdigest(), size=size)


@dataclass(frozen=True, slots=True)
class Archive:
    """A backup that is open. Its manifest fits what is in it; each member is proved as it is read."""

    manifest: Manifest
    _zip: zipfile.ZipFile

    def read(self, name: str) -> bytes | None:
        """A small member; None where the backup has none of this name. Raises `UnusableBackup`."""
        return b"".join(self._pieces(name)) if name in self.manifest.members else None

    def extract(self, name: str, target: Path) -> None:
        """A member as a new file that only its owner can read. Raises `UnusableBackup`, `NoSpace`."""
        if self.manifest.members[name].size > shutil.disk_usage(target.parent).free:
            raise NoSpace("There is no room to unpack the backup.", f"Make room on the disk of {target.parent}.")
        with os.fdopen(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
            for piece in self._pieces(name):
                file.write(piece)

    def _pieces(self, name: str) -> Iterator[bytes]:
        wanted = self.manifest.members[name]
        digest, size = hashlib.sha256(), 0
        with _as_ours(), self._zip.open(name) as member:
            while piece := member.read(_PIECE):
                size += len(piece)
                digest.update(piece)
                if size > wanted.size:
                    break
                yield piece
        if (size, digest.hexdigest()) != (wanted.size, wanted.sha256):
            raise UnusableBackup(f"The backup is damaged: {name} is not what it was.", _ANOTHER)


@contextmanager
def open_archive(path: Path) -> Iterator[Archive]:
    """A backup, looked at before it is believed. Raises `UnusableBackup`."""
    with _opened(path) as file:
        _check_directory(file)
        with _as_ours():
            archive = zipfile.ZipFile(file)
        with archive:
            yield Archive(_manifest(archive), archive)


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise UnusableBackup("This is no file.", _ANOTHER)
        yield file


@contextmanager
def _as_ours() -> Iterator[None]:
    """Whatever the library says about a broken zip, in one word."""
    try:
        yield
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        struct.error,
        NotImplementedError,
        RuntimeError,
        KeyError,
    ) as error:
        raise UnusableBackup("This is no backup, or a damaged one.", _ANOTHER) from error


def _check_directory(file: IO[bytes]) -> None:
    """Few members in a short directory: the library reads all of it into memory, whatever its length."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - 22 - 0xFFFF))
    tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < 22:
        raise UnusableBackup("This is no backup.", "Choose a file that AuralArchive made.")
    count, length = struct.unpack("<HI", tail[at + 10 : at + 16])
    if count > _MOST_MEMBERS or length > _MOST_DIRECTORY:
        raise UnusableBackup("This is no backup of AuralArchive.", "Choose a file that AuralArchive made.")


def _manifest(archive: zipfile.ZipFile) -> Manifest:
    infos = archive.infolist()
    names = [info.filename for info in infos]
    if MANIFEST not in names or len(set(names)) != len(names) or not set(names) <= MOST.keys():
        raise UnusableBackup("This is no backup of AuralArchive.", "Choose a file that AuralArchive made.")
    for info in infos:
        _check_member(info)
    with _as_ours():
        text = archive.read(MANIFEST)
    try:
        manifest = Manifest.model_validate_json(text)
    except ValidationError as error:
        raise UnusableBackup("The backup's list of contents cannot be read.", _ANOTHER) from error
    if manifest.format > FORMAT:
        raise UnusableBackup(
            f"A newer version of AuralArchive ({manifest.application}) made this backup.",
            "Install that version, then restore.",
        )
    told = {name: member.size for name, member in manifest.members.items()}
    if told != {info.filename: info.file_size for info in infos if info.filename != MANIFEST} or DATABASE not in told:
        raise UnusableBackup("The backup does not hold what it says.", _ANOTHER)
    return manifest


def _check_member(info: zipfile.ZipInfo) -> None:
    plain = info.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) and not info.flag_bits & 1
    bomb = info.file_size > _SMALL and info.file_size > _MOST_RATIO * info.compress_size
    if not plain or bomb or info.file_size > MOST[info.filename]:
        raise UnusableBackup(f"The backup's {info.filename} is too large or strangely packed.", _ANOTHER)


def seal(name: str, content: bytes, passphrase: str) -> bytes:
    """`content`, readable only with the passphrase and only as the member of this name."""
    salt, nonce = secrets.token_bytes(_SALT), secrets.token_bytes(_NONCE)
    return salt + nonce + AESGCM(_key(passphrase, salt)).encrypt(nonce, content, name.encode())


def unseal(name: str, sealed: bytes, passphrase: str) -> bytes:
    """What was sealed. Raises `WrongPassphrase`."""
    salt, nonce, rest = sealed[:_SALT], sealed[_SALT : _SALT + _NONCE], sealed[_SALT + _NONCE :]
    if len(nonce) < _NONCE:
        raise UnusableBackup(f"The backup's {name} is cut.", _ANOTHER)
    try:
        return AESGCM(_key(passphrase, salt)).decrypt(nonce, rest, name.encode())
    except InvalidTag as error:
        raise WrongPassphrase(
            "The passphrase does not open the secrets of this backup.",
            "Enter it as it was when the backup was made; or restore without secrets and enter them anew.",
        ) from error


def _key(passphrase: str, salt: bytes) -> bytes:
    """Its costs are those of the format, not of the file: a file must not say how much memory we spend."""
    return hash_secret_raw(
        passphrase.encode(), salt, time_cost=3, memory_cost=64 << 10, parallelism=4, hash_len=32, type=Type.ID
    )
