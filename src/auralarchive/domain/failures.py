"""Why something did not work, in words that a person can act on."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Disposition(StrEnum):
    """What can mend a failure: time, another release or source, or a person."""

    TRANSIENT = "transient"
    PERMANENT = "permanent"
    NEEDS_PERSON = "needs_person"


class FailureKind(StrEnum):
    """Stable codes of failures: the API shows them, the documentation lists them."""

    NOTHING_FOUND = "nothing_found"
    INDEXERS_UNREACHABLE = "indexers_unreachable"
    RELEASE_GONE = "release_gone"
    FETCH_FAILED = "fetch_failed"
    ADDRESS_REFUSED = "address_refused"
    INVALID_PAYLOAD = "invalid_payload"
    DUPLICATE = "duplicate"
    NO_CLIENT = "no_client"
    CLIENT_UNREACHABLE = "client_unreachable"
    CLIENT_AUTH = "client_auth"
    CLIENT_REFUSED = "client_refused"
    CLIENT_ERROR = "client_error"
    METADATA_TIMEOUT = "metadata_timeout"
    STALLED = "stalled"
    SOURCE_LOST = "source_lost"
    PATH_MAPPING = "path_mapping"
    NO_SPACE = "no_space"
    PERMISSION = "permission"
    NO_AUDIO = "no_audio"
    SEVERAL_BOOKS = "several_books"
    DAMAGED_AUDIO = "damaged_audio"
    KEY_MISSING = "key_missing"
    KEY_WRONG = "key_wrong"
    ENCODER_FAILED = "encoder_failed"
    VERIFICATION_FAILED = "verification_failed"
    LIBRARY_CONFLICT = "library_conflict"
    LIBRARY_UNAVAILABLE = "library_unavailable"
    UNSAFE_PATH = "unsafe_path"
    INTERRUPTED = "interrupted"
    BUG = "bug"


#: Faults of the surroundings, not of the download: it waits until they are gone, and they do not count
#: against a stage's attempts. Nothing is given up for a full disk.
SURROUNDINGS = frozenset(
    {
        FailureKind.NO_SPACE,
        FailureKind.CLIENT_UNREACHABLE,
        FailureKind.LIBRARY_UNAVAILABLE,
        FailureKind.INDEXERS_UNREACHABLE,
    }
)

#: Faults of one release: another one may do.
RELEASE_FAULTS = frozenset(
    {
        FailureKind.RELEASE_GONE,
        FailureKind.INVALID_PAYLOAD,
        FailureKind.METADATA_TIMEOUT,
        FailureKind.STALLED,
        FailureKind.NO_AUDIO,
        FailureKind.SEVERAL_BOOKS,
        FailureKind.DAMAGED_AUDIO,
        FailureKind.ADDRESS_REFUSED,
    }
)


@dataclass(frozen=True, slots=True)
class Failure:
    """One failure: `reason` says what happened, `remedy` what a person can do about it."""

    kind: FailureKind
    reason: str
    remedy: str
    disposition: Disposition

    def __str__(self) -> str:
        return f"{self.reason} {self.remedy}".strip()
