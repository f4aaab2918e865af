"""Failures as values."""

from auralarchive.domain.failures import RELEASE_FAULTS, SURROUNDINGS, Disposition, Failure, FailureKind


def test_a_failure_reads_as_what_happened_and_what_to_do() -> None:
    failure = Failure(FailureKind.NO_SPACE, "The disk is full.", "Make room.", Disposition.TRANSIENT)
    assert str(failure) == "The disk is full. Make room."


def test_a_fault_is_the_releases_or_the_surroundings_never_both() -> None:
    assert not RELEASE_FAULTS & SURROUNDINGS
