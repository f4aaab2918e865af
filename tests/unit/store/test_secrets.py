"""The key file and what it protects."""

from __future__ import annotations

import errno
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from auralarchive.store.errors import SecretsUnreadable
from auralarchive.store.secrets import SecretBox


def test_the_first_start_makes_the_key(tmp_path: Path) -> None:
    """It is for us alone, and the next start opens what this one sealed."""
    path = tmp_path / "data" / "secret.key"
    sealed = SecretBox.from_file(path).seal("pässword\ud800")
    assert path.stat().st_mode & 0o777 == 0o600
    assert SecretBox.from_file(path).open(sealed) == "pässword?"
    assert [child.name for child in path.parent.iterdir()] == ["secret.key"]


def test_twin_starts_agree_on_one_key(tmp_path: Path) -> None:
    """Whoever comes second uses the first one's key."""
    with ThreadPoolExecutor(4) as pool:
        boxes = list(pool.map(lambda _: SecretBox.from_file(tmp_path / "key"), range(4)))
    assert {box.open(boxes[0].seal("x")) for box in boxes} == {"x"}


def test_open_permissions_are_closed(tmp_path: Path) -> None:
    """A key that was copied back from a backup is not left readable for all."""
    path = tmp_path / "key"
    SecretBox.from_file(path)
    path.chmod(0o644)
    SecretBox.from_file(path)
    assert path.stat().st_mode & 0o777 == 0o600


def test_keys_can_change(tmp_path: Path) -> None:
    """A new key on the first line seals from then on; the old one still opens."""
    path = tmp_path / "key"
    sealed = SecretBox.from_file(path).seal("x")
    path.write_bytes(Fernet.generate_key() + b"\n" + path.read_bytes())
    assert SecretBox.from_file(path).open(sealed) == "x"


@pytest.mark.parametrize("content", [b"", b"not a key\n", b"\xff\xfe"])
def test_a_damaged_key_is_told(tmp_path: Path, content: bytes) -> None:
    """An empty or broken file is an error with a remedy, never a new key over the old secrets."""
    path = tmp_path / "key"
    path.write_bytes(content)
    with pytest.raises(SecretsUnreadable, match=r"damaged.*backup"):
        SecretBox.from_file(path)
    assert path.read_bytes() == content


def test_a_foreign_secret_is_told() -> None:
    """Another key, or a changed text, opens nothing."""
    sealed = SecretBox.generate().seal("x")
    with pytest.raises(SecretsUnreadable):
        SecretBox.generate().open(sealed)


def test_signatures_are_ours_alone() -> None:
    """Neither another message nor another key fits."""
    box = SecretBox.generate()
    assert box.signed(b"message", box.signature(b"message"))
    assert not box.signed(b"massage", box.signature(b"message"))
    assert not SecretBox.generate().signed(b"message", box.signature(b"message"))


def test_a_disk_without_hard_links_gets_its_key_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as exFAT: the first start makes the key, and the second opens what that one sealed."""

    def refused(*_: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", refused)
    sealed = SecretBox.from_file(tmp_path / "secret.key").seal("CANARY")
    assert SecretBox.from_file(tmp_path / "secret.key").open(sealed) == "CANARY"
    assert [path.name for path in tmp_path.iterdir()] == ["secret.key"]
