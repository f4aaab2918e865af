"""The errors that adapters raise at their edge. Everything else that escapes one is a bug.

    AuralError
    ├── TransientError          time may mend it: the stage is tried again
    │   ├── Unreachable         nobody answers, or with garbage, or too late
    │   ├── RateLimited         asked too often; `retry_after` says how long to wait
    │   └── NoSpace             the disk is full
    ├── PermanentError          the same attempt can never succeed
    │   ├── InvalidInput        bytes, names or addresses that we refuse
    │   ├── Gone                the release or its source no longer exists
    │   ├── Damaged             audio that is cut, corrupt or silent
    │   └── UnusableBackup      a backup that is broken, strange, or of a newer version
    ├── NeedsPerson             a setting or an action of a person mends it
    │   ├── AuthRefused         wrong password or key: one attempt, then wait
    │   └── Misconfigured       paths, permissions, keys, conflicts in the library
    └── Cancelled               the work was taken away from us; nothing is to be reported

Each carries a `kind` (stable code), a `reason` (what happened) and a `remedy` (what to do).
"""

from __future__ import annotations

from typing import ClassVar

from auralarchive.domain.failures import Disposition, Failure, FailureKind


class AuralError(Exception):
    """The base: never raised itself."""

    disposition: ClassVar[Disposition] = Disposition.TRANSIENT
    default_kind: ClassVar[FailureKind] = FailureKind.BUG

    def __init__(self, reason: str, remedy: str = "", *, kind: FailureKind | None = None) -> None:
        super().__init__(f"{reason} {remedy}".strip())
        self.kind = kind or self.default_kind
        self.reason = reason
        self.remedy = remedy

    @property
    def failure(self) -> Failure:
        """The same as a value, for the record."""
        return Failure(self.kind, self.reason, self.remedy, self.disposition)


class TransientError(AuralError):
    """Time may mend it."""

    default_kind = FailureKind.INTERRUPTED


class Unreachable(TransientError):
    """Nobody answers, or with garbage, or too late."""

    default_kind = FailureKind.CLIENT_UNREACHABLE


class RateLimited(TransientError):
    """Asked too often; `retry_after` is in seconds, None where the other side did not say."""

    default_kind = FailureKind.FETCH_FAILED

    def __init__(
        self, reason: str, remedy: str = "", *, retry_after: float | None = None, kind: FailureKind | None = None
    ) -> None:
        super().__init__(reason, remedy, kind=kind)
        self.retry_after = retry_after


class NoSpace(TransientError):
    """The disk is full."""

    default_kind = FailureKind.NO_SPACE


class PermanentError(AuralError):
    """The same attempt can never succeed."""

    disposition = Disposition.PERMANENT


class InvalidInput(PermanentError):
    """Bytes, names or addresses that we refuse."""

    default_kind = FailureKind.INVALID_PAYLOAD


class Gone(PermanentError):
    """The release or its source no longer exists."""

    default_kind = FailureKind.RELEASE_GONE


class Damaged(PermanentError):
    """Audio that is cut, corrupt or silent."""

    default_kind = FailureKind.DAMAGED_AUDIO


class UnusableBackup(PermanentError):
    """A backup that cannot be restored, whoever asks for it."""

    default_kind = FailureKind.INVALID_PAYLOAD


class WrongPassphrase(UnusableBackup):
    """The backup's secrets do not open with it."""


class NeedsPerson(AuralError):
    """A setting or an action of a person mends it."""

    disposition = Disposition.NEEDS_PERSON


class AuthRefused(NeedsPerson):
    """Wrong password or key: one attempt, then wait for a person."""

    default_kind = FailureKind.CLIENT_AUTH


class Misconfigured(NeedsPerson):
    """Paths, permissions, keys, conflicts in the library."""

    default_kind = FailureKind.PATH_MAPPING


class Cancelled(AuralError):
    """The work was taken away from us (cancel, pause, shutdown, lost claim)."""

    def __init__(self) -> None:
        super().__init__("The work was stopped.", kind=FailureKind.INTERRUPTED)
