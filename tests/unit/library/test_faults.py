"""Each error of the operating system becomes one of ours, with a kind and a remedy."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from auralarchive.domain.failures import FailureKind
from auralarchive.library.faults import reading, writing
from auralarchive.ports.errors import AuralError, Gone, InvalidInput, Misconfigured, NoSpace, TransientError


@pytest.mark.parametrize(
    ("code", "error", "kind"),
    [
        (errno.ENOSPC, NoSpace, FailureKind.NO_SPACE),
        (errno.EROFS, Misconfigured, FailureKind.PERMISSION),
        (errno.ELOOP, Misconfigured, FailureKind.UNSAFE_PATH),
        (errno.ENAMETOOLONG, Misconfigured, FailureKind.UNSAFE_PATH),
        (errno.EXDEV, Misconfigured, FailureKind.LIBRARY_UNAVAILABLE),
        (errno.EIO, TransientError, FailureKind.LIBRARY_UNAVAILABLE),
        (errno.EMFILE, TransientError, FailureKind.LIBRARY_UNAVAILABLE),
    ],
)
def test_faults_of_the_library(code: int, error: type[AuralError], kind: FailureKind) -> None:
    with pytest.raises(error) as raised, writing("the library"):
        raise OSError(code, os.strerror(code))
    assert raised.value.kind is kind
    assert raised.value.remedy


@pytest.mark.parametrize(
    ("code", "error", "kind"),
    [
        (errno.ENOENT, Gone, FailureKind.SOURCE_LOST),
        (errno.ELOOP, InvalidInput, FailureKind.UNSAFE_PATH),
        (errno.ENXIO, InvalidInput, FailureKind.UNSAFE_PATH),
        (errno.EACCES, Misconfigured, FailureKind.PERMISSION),
        (errno.EIO, TransientError, FailureKind.SOURCE_LOST),
    ],
)
def test_faults_of_a_source(code: int, error: type[AuralError], kind: FailureKind) -> None:
    with pytest.raises(error) as raised, reading(Path("/downloads/book.m4b")):
        raise OSError(code, os.strerror(code))
    assert raised.value.kind is kind
    assert raised.value.remedy
