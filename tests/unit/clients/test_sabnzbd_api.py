"""Keys and answers, against a server of a few lines that says what no generation would."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from urllib.parse import parse_qs

import httpx2
import pytest

from auralarchive.clients.sabnzbd_api import Api
from auralarchive.clients.sabnzbd_items import DISK_FULL, SENTENCES
from auralarchive.ports.errors import AuthRefused, Unreachable

Reply = Callable[[str, dict[str, str]], httpx2.Response]
KEY = "the-secret-key"


@pytest.fixture
def api() -> Iterator[Callable[..., Api]]:
    """Makes an `Api` whose calls a function answers: it gets the mode and the form."""
    made: list[Api] = []

    def make(reply: Reply, key: str = KEY) -> Api:
        def answered(request: httpx2.Request) -> httpx2.Response:
            assert KEY not in str(request.url)
            form = {name: values[0] for name, values in parse_qs(request.content.decode()).items()}
            assert form.get("apikey", "") == key
            return reply(request.url.params["mode"], form)

        wire = Api("http://sab.invalid", key, verify=True)
        wire._wire._http.close()
        wire._wire._http = httpx2.Client(transport=httpx2.MockTransport(answered))
        made.append(wire)
        return wire

    yield make
    for each in made:
        each.close()


def _always(code: int = 200, text: str | None = None, **content: object) -> Reply:
    return lambda _mode, _form: (
        httpx2.Response(code, text=text) if text is not None else httpx2.Response(code, json=content)
    )


@pytest.mark.parametrize(
    "reply",
    [
        _always(403, "API Key Incorrect"),
        _always(403, "Access denied - Hostname verification failed"),
        _always(401, ""),
        _always(200, "error: API Key Incorrect"),
        _always(200, status=False, error="API Key Required"),
    ],
)
def test_a_refusal_of_each_generation_is_taken_once(api: Callable[..., Api], reply: Reply) -> None:
    """With the words of the server, for a key and a host name that it does not like look alike."""
    calls: list[str] = []

    def counted(mode: str, form: dict[str, str]) -> httpx2.Response:
        calls.append(mode)
        return reply(mode, form)

    wire = api(counted)
    for _ in range(3):
        with pytest.raises(AuthRefused) as caught:
            wire.queue()
    assert caught.value.remedy
    assert calls == ["queue"]


@pytest.mark.parametrize(("kind", "words"), [("nzbkey", "may only add"), ("badkey", "refuses")])
def test_only_the_full_key_will_do(api: Callable[..., Api], kind: str, words: str) -> None:
    """The NZB key can send a job and never see it again."""
    with pytest.raises(AuthRefused, match=words):
        api(_always(auth=kind)).check_key()


def test_no_key_at_all_is_refused(api: Callable[..., Api]) -> None:
    """SABnzbd calls an empty one good, and then lets nobody in."""
    with pytest.raises(AuthRefused):
        api(_always(auth="apikey"), key="").check_key()
    api(_always(auth="apikey")).check_key()


@pytest.mark.parametrize(
    "reply",
    [
        _always(302, ""),
        _always(500, "oops"),
        _always(404, ""),
        _always(200, "<html>Welcome to the router</html>"),
        _always(200, '{"queue": {'),
        _always(200, "[1, 2]"),
        _always(200, queue=[]),
        _always(200, queue={}),
        _always(200, queue={"slots": {"1": {}}}),
        _always(200, status=False, error="Not implemented"),
        _always(200, ""),
    ],
)
def test_an_answer_that_makes_no_sense(api: Callable[..., Api], reply: Reply) -> None:
    """It is asked again later, and nothing is concluded."""
    with pytest.raises(Unreachable) as caught:
        api(reply).queue()
    assert caught.value.remedy


def test_many_ids_are_asked_for_in_parts(api: Callable[..., Api]) -> None:
    """Its database refuses a condition of a thousand parts, and would answer with nothing."""
    asked: list[list[str]] = []

    def reply(_mode: str, form: dict[str, str]) -> httpx2.Response:
        asked.append(form["nzo_ids"].split(","))
        return httpx2.Response(200, json={"history": {"slots": [{"nzo_id": each} for each in asked[-1]]}})

    ids = {f"SABnzbd_nzo_{number}" for number in range(1_200)}
    assert {slot["nzo_id"] for slot in api(reply).history(ids)} == ids
    assert max(map(len, asked)) <= 500
    assert len(asked) == 3


def test_nobody_is_asked_for_nothing(api: Callable[..., Api]) -> None:
    """Without an id the history would show everything."""

    def reply(_mode: str, _form: dict[str, str]) -> httpx2.Response:
        raise AssertionError("a request was sent")

    assert api(reply).history([]) == []


def test_its_language_is_asked_for_once(api: Callable[..., Api]) -> None:
    """What it says to a person is in the language of its pages."""
    calls: list[str] = []

    def reply(mode: str, form: dict[str, str]) -> httpx2.Response:
        calls.append(mode)
        return httpx2.Response(200, json={"value": "Platte voll" if form["value"] == DISK_FULL else ""})

    wire = api(reply)
    words = [wire.words() for _ in range(3)]
    assert words[0].means("Platte voll: /x", DISK_FULL)
    assert words[0].means(f"{DISK_FULL} /x", DISK_FULL)
    assert not words[0].means("Anything", DISK_FULL)
    assert calls == ["translate"] * len(SENTENCES)
