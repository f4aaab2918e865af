"""Secrets at rest: encrypted with a key that lies beside the database, not in it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from auralarchive.store.errors import SecretsUnreadable

_REMEDY = "Put the key file of this database back from your backup, or enter the secrets anew."

_DAMAGED = "Put it back from your backup; without one remove it, start again and enter the secrets anew."


class SecretBox:
    """Seals and opens short texts. The first key seals; all of them open, so that keys can change."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._fernet = MultiFernet([Fernet(key) for key in keys])
        self._signing_key = hashlib.sha256(b"auralarchive signatures" + keys[0]).digest()

    @classmethod
    def from_file(cls, path: Path) -> SecretBox:
        """The box of this key file, one key a line, the newest first; a first start makes the file (0600).

        Raises SecretsUnreadable where the file is not one of keys.
        """
        if not path.exists():
            _create(path)
        path.chmod(0o600)
        try:
            return cls([line.encode("ascii") for line in path.read_text("ascii").split()])
        except ValueError as error:  # of the encoding, of Fernet, or of an empty list
            raise SecretsUnreadable(f"The key file {path} is damaged.", _DAMAGED) from error

    @classmethod
    def generate(cls) -> SecretBox:
        """A box with a new key that is kept nowhere."""
        return cls([Fernet.generate_key()])

    def seal(self, text: str) -> str:
        """`text`, encrypted and authenticated."""
        return self._fernet.encrypt(text.encode("utf-8", "replace")).decode("ascii")

    def open(self, sealed: str) -> str:
        """What was sealed. Raises SecretsUnreadable where none of the keys fits."""
        try:
            return self._fernet.decrypt(sealed.encode("ascii", "replace")).decode()
        except InvalidToken as error:
            raise SecretsUnreadable("The secrets in the database do not fit the key file.", _REMEDY) from error

    def signature(self, message: bytes) -> str:
        """A short signature, by which we know our own messages again."""
        digest = hmac.digest(self._signing_key, message, "sha256")
        return base64.urlsafe_b64encode(digest[:12]).decode("ascii")

    def signed(self, message: bytes, signature: str) -> bool:
        """Whether `signature` is ours of `message`."""
        return hmac.compare_digest(self.signature(message), signature)


def _create(path: Path) -> None:
    """Write a new key under another name, then link it: nobody ever reads half a key, and none is replaced."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=f"{path.name}.", dir=path.parent)  # mode 0600
    fresh = Path(name)
    with os.fdopen(descriptor, "wb") as file:
        file.write(Fernet.generate_key() + b"\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        path.hardlink_to(fresh)
    except FileExistsError:
        pass  # another process was faster: its key counts
    except OSError:
        # A disk without hard links, such as exFAT: what is left open is the moment between these two.
        if not path.exists():
            fresh.rename(path)
    finally:
        fresh.unlink(missing_ok=True)
