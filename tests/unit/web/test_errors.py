"""Every error leaves as a problem with a code, and the documentation lists the codes."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from auralarchive.domain import events as e
from auralarchive.domain.lifecycle import IllegalTransition
from auralarchive.domain.status import DownloadStatus
from auralarchive.pipeline.record import UnknownDownload
from auralarchive.ports import errors as ports
from auralarchive.ports.store import Conflict, StaleRecord
from auralarchive.web.errors import KINDS, Problem, problem_of
from tests.support.records import a_download

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "errors.md"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Conflict(7, "book"), "already_active"),
        (IllegalTransition(a_download(DownloadStatus.IMPORTED), e.PauseRequested()), "not_allowed_now"),
        (StaleRecord(), "changed_meanwhile"),
        (UnknownDownload("no"), "unknown_download"),
        (ports.InvalidInput("No torrent.", "Choose another."), "invalid_input"),
        (ports.Unreachable("Nobody.", "Start it."), "neighbour_unreachable"),
        (ports.NoSpace("Full.", "Tidy up."), "no_space"),
        (ports.Misconfigured("Wrong.", "Mend it."), "needs_person"),
        (KeyError("a bug"), "internal"),
    ],
)
def test_errors_of_other_parts_become_problems(error: Exception, code: str) -> None:
    """One place knows them all; a bug is one of its own, and no 404."""
    problem = problem_of(error)
    assert problem.kind.code == code
    assert problem.detail
    assert problem.remedy


def test_a_conflict_names_the_download_that_is_there() -> None:
    """A double click can go on with it."""
    assert problem_of(Conflict(7, "info_hash")).body["download_id"] == 7


def test_a_bug_shows_an_id_only(caplog: pytest.LogCaptureFixture) -> None:
    """The traceback is in the log, under the same id."""
    with caplog.at_level(logging.ERROR):
        problem = problem_of(ZeroDivisionError("the secret reason"))
    assert "secret" not in str(problem.body)
    assert problem.body["incident"] in caplog.text


def test_answers_lose_their_secrets() -> None:
    """What a library's exception quotes passes the redactor."""
    answer = Problem("invalid_input", "GET https://x.example/?apikey=CANARY failed").response(
        lambda text: text.replace("CANARY", "***")
    )
    assert b"CANARY" not in answer.body
    assert answer.media_type == "application/problem+json"


def test_the_documentation_lists_every_code() -> None:
    """A code that nobody can look up is a riddle."""
    listed = {line.split("`")[1] for line in PAGE.read_text().splitlines() if line.startswith("| `")}
    assert listed == set(KINDS)
