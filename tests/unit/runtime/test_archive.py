"""The file that a backup is: what goes in comes out, and nothing else is let in."""

from __future__ import annotations

import json
import os
import shutil
import stat
import struct
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from auralarchive.ports.errors import NoSpace, UnusableBackup, WrongPassphrase
from auralarchive.runtime.archive import DATABASE, MANIFEST, Manifest, open_archive, seal, unseal, write_archive

FACTS: dict[str, object] = {
    "application": "1.2",
    "made_at": datetime(2026, 5, 1, tzinfo=UTC),
    "revision": "0002",
    "secrets": "left_out",
    "downloads": 1,
    "books": 2,
    "accounts": 3,
}
CONTENT = b"the database " * 1000


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    (tmp_path / "db").write_bytes(CONTENT)
    write_archive(tmp_path / "backup.zip", {DATABASE: tmp_path / "db", "config.toml": b"[server]\n"}, FACTS)
    return tmp_path / "backup.zip"


def test_what_goes_in_comes_out(backup: Path, tmp_path: Path) -> None:
    """Private to its owner on the way in and out."""
    with open_archive(backup) as archive:
        assert (archive.manifest.books, archive.manifest.made_at) == (2, FACTS["made_at"])
        archive.extract(DATABASE, tmp_path / "out")
        assert archive.read("config.toml") == b"[server]\n"
        assert archive.read("secret.key.sealed") is None
    assert (tmp_path / "out").read_bytes() == CONTENT
    assert {stat.S_IMODE(path.stat().st_mode) for path in (backup, tmp_path / "out")} == {0o600}


def test_a_secret_opens_with_its_passphrase_and_in_its_place_alone() -> None:
    """Another passphrase, another member's name, or a changed byte: nothing."""
    sealed = seal("a.sealed", b"the key", "correct horse")
    assert unseal("a.sealed", sealed, "correct horse") == b"the key"
    assert b"the key" not in sealed
    assert seal("a.sealed", b"the key", "correct horse") != sealed
    changed = sealed[:-1] + bytes([sealed[-1] ^ 1])
    for name, content, passphrase in (
        ("a.sealed", sealed, "wrong horse"),
        ("b.sealed", sealed, "correct horse"),
        ("a.sealed", changed, "correct horse"),
    ):
        with pytest.raises(WrongPassphrase):
            unseal(name, content, passphrase)
    with pytest.raises(UnusableBackup, match="is cut"):
        unseal("a.sealed", sealed[:20], "correct horse")


def _rewritten(target: Path, source: Path, change: Callable[[dict[str, bytes], dict[str, Any]], object]) -> None:
    """The same backup with other members or another manifest, as somebody else's program would write it."""
    with zipfile.ZipFile(source) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(members.pop(MANIFEST))
    change(members, manifest)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
        archive.writestr(MANIFEST, json.dumps(manifest))


Change = Callable[[dict[str, bytes], dict[str, Any]], object]
HOSTILE: dict[str, tuple[Change, str]] = {
    "a way out": (lambda m, _: m.update({"../../evil": b"x"}), "no backup of AuralArchive"),
    "an absolute path": (lambda m, _: m.update({"/etc/cron.d/evil": b"x"}), "no backup of AuralArchive"),
    "a member too many": (lambda m, _: m.update({"config.toml.sealed": b"x"}), "does not hold what it says"),
    "a member too few": (lambda m, _: m.pop("config.toml"), "does not hold what it says"),
    "no database": (lambda m, d: (m.pop(DATABASE), d["members"].pop(DATABASE)), "does not hold what it says"),
    "another length": (lambda _, d: d["members"][DATABASE].update(size=5), "does not hold what it says"),
    "a newer format": (lambda _, d: d.update(format=99, application="9.0"), r"newer version of AuralArchive \(9\.0\)"),
    "no number": (lambda _, d: d.update(downloads="many"), "cannot be read"),
    "a list for a manifest": (lambda _, d: d.clear(), "cannot be read"),
    "a long config": (lambda m, _: m.update({"config.toml": b"#" * (2 << 20)}), "too large"),
    "many members": (lambda m, _: m.update({f"{n}": b"" for n in range(200)}), "no backup of AuralArchive"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_backup_is_refused_before_it_is_unpacked(backup: Path, tmp_path: Path, kind: str) -> None:
    change, words = HOSTILE[kind]
    _rewritten(tmp_path / "hostile.zip", backup, change)
    with pytest.raises(UnusableBackup, match=words) as refused, open_archive(tmp_path / "hostile.zip"):
        pass
    assert refused.value.remedy


def test_another_content_under_the_same_name_is_found_out(backup: Path, tmp_path: Path) -> None:
    """Of the same length, so that only its digest tells."""
    _rewritten(tmp_path / "other.zip", backup, lambda m, _: m.update({DATABASE: CONTENT.replace(b"t", b"T")}))
    with open_archive(tmp_path / "other.zip") as archive, pytest.raises(UnusableBackup, match="not what it was"):
        archive.extract(DATABASE, tmp_path / "out")


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    """A gigabyte of nothing shrinks to a thousandth; no database of ours does."""
    bomb = tmp_path / "bomb.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open(DATABASE, "w", force_zip64=True) as member:
            for _ in range(100):
                member.write(bytes(1 << 20))
        archive.writestr(MANIFEST, "{}")
    with pytest.raises(UnusableBackup, match="strangely packed"), open_archive(bomb):
        pass


def test_a_declared_length_that_lies_is_noticed_while_reading(backup: Path, tmp_path: Path) -> None:
    """The zip and the manifest agree on a short length; more comes out than both say."""
    content = bytearray(backup.read_bytes())
    with zipfile.ZipFile(backup) as archive:
        size = archive.getinfo(DATABASE).file_size
    short = struct.pack("<I", 100)
    content = content.replace(struct.pack("<I", size), short)
    (tmp_path / "lies.zip").write_bytes(content)
    with pytest.raises(UnusableBackup), open_archive(tmp_path / "lies.zip") as archive:
        archive.extract(DATABASE, tmp_path / "out")


@pytest.mark.parametrize("content", [b"", b"PK\x05\x06", b"not a zip" * 100, b"PK\x05\x06" + b"\xff" * 40])
def test_what_is_no_zip_is_no_backup(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.zip").write_bytes(content)
    with pytest.raises(UnusableBackup, match="no backup"), open_archive(tmp_path / "x.zip"):
        pass


def test_a_cut_backup_is_refused(backup: Path, tmp_path: Path) -> None:
    """Wherever it was cut."""
    content = backup.read_bytes()
    for length in range(0, len(content), 97):
        (tmp_path / "cut.zip").write_bytes(content[:length])
        with pytest.raises(UnusableBackup), open_archive(tmp_path / "cut.zip"):
            pass


def test_flipped_bytes_never_come_out_as_something_else(backup: Path, tmp_path: Path) -> None:
    """Each is either refused in words, or stands where it does no harm."""
    content = backup.read_bytes()
    for place in range(0, len(content), 11):
        flipped = bytearray(content)
        flipped[place] ^= 0x41
        (tmp_path / "flipped.zip").write_bytes(flipped)
        out = tmp_path / "out"
        out.unlink(missing_ok=True)
        try:
            with open_archive(tmp_path / "flipped.zip") as archive:
                archive.extract(DATABASE, out)
                assert out.read_bytes() == CONTENT
        except UnusableBackup:
            continue


def test_a_link_or_a_pipe_is_no_file(backup: Path, tmp_path: Path) -> None:
    """A pipe would be read for ever."""
    os.mkfifo(tmp_path / "pipe.zip")
    with pytest.raises(UnusableBackup, match="no file"), open_archive(tmp_path / "pipe.zip"):
        pass
    (tmp_path / "link.zip").symlink_to(backup)
    with pytest.raises(OSError, match="symbolic"), open_archive(tmp_path / "link.zip"):
        pass


def test_a_full_disk_is_told_before_it_is_full(backup: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: _Full())
    with open_archive(backup) as archive, pytest.raises(NoSpace):
        archive.extract(DATABASE, tmp_path / "out")


class _Full:
    free = 10


def test_the_manifest_has_no_room_for_costs() -> None:
    """What a passphrase costs is the format's affair: a file must not say how much memory we spend."""
    assert not {"kdf", "memory", "iterations"} & set(Manifest.model_fields)
