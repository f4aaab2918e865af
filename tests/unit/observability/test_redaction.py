"""Secrets leave text by their values first, and by their looks besides."""

from __future__ import annotations

import json
import time

import pytest

from auralarchive.observability.redaction import Redactor


def test_a_known_value_goes_wherever_it_stands() -> None:
    """In a path, in a message, as a link would spell it; short ones would hit ordinary words."""
    redactor = Redactor()
    redactor.register("CANARY/2 x", "abc", None)
    for text in ("https://trk.test/CANARY/2 x/announce", "refused 'CANARY/2 x'", "?k=CANARY%2F2%20x"):
        assert "CANARY" not in redactor.redact(text)
        assert "CANARY" not in redactor.redact_answer(text)
    assert redactor.redact("abc") == "abc"


def test_a_value_goes_from_json_too() -> None:
    """The log file is JSON: there a quote, a backslash or an umlaut may be spelled otherwise."""
    redactor = Redactor()
    redactor.register('CAN"AR\\Yü')
    for ensure_ascii in (True, False):
        assert "CAN" not in redactor.redact(json.dumps({"said": 'no CAN"AR\\Yü here'}, ensure_ascii=ensure_ascii))


@pytest.mark.parametrize(
    "text",
    [
        "GET http://x.test/api?t=search&apikey=CANARY1&q=a",
        "GET http://x.test/dl?passkey=CANARY1",
        "http://user:CANARY1@x.test/",
        "https://trk.test/0123456789abcdef0123456789abcdefCANARY1/announce".replace("CANARY1", ""),
        "X-Api-Key: CANARY1",
        '{"password": "CANARY1"}',
        "password=CANARY1",
        "Authorization: Bearer CANARY1",
    ],
)
def test_what_looks_like_a_secret_goes_from_the_log(text: str) -> None:
    """Also where nobody registered it."""
    cleaned = Redactor().redact(text)
    assert "CANARY1" not in cleaned
    assert "0123456789abcdef" not in cleaned
    assert "***" in cleaned


def test_an_answer_keeps_its_fields_and_stays_json() -> None:
    """Field names belong to the API; only values and links' keys go."""
    redactor = Redactor()
    redactor.register("CANARY2")
    text = json.dumps({"field": "settings.password: too short", "detail": "http://a:b@x/?token=zzz", "x": "CANARY2"})
    cleaned = json.loads(redactor.redact_answer(text))
    assert cleaned["field"] == "settings.password: too short"
    assert "zzz" not in cleaned["detail"]
    assert cleaned["x"] == "***"


@pytest.mark.parametrize("text", ["a://" * 50_000, "https://x/" + "/" * 100_000, "token" * 40_000, "?r=" * 50_000])
def test_it_is_quick_with_nasty_text(text: str) -> None:
    """A log line is no place to spend a second."""
    started = time.thread_time()
    Redactor().redact(text)
    assert time.thread_time() - started < 1.0
