"""The line to the daemon: signing in, what is no answer, and what a wrong certificate is worth."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from deluge_client.rencode import dumps

from auralarchive.clients import deluge_api
from auralarchive.clients.deluge_api import Api, Credentials, Refused
from auralarchive.clients.wire import NothingSent
from auralarchive.ports.errors import AuthRefused, Misconfigured, Unreachable
from tests.support.certificates import SelfSigned
from tests.support.fake_deluge import FakeDeluge, Raised, message
from tests.support.processes import free_port
from tests.support.swarm import FileServer


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[FakeDeluge]:
    with FakeDeluge(tmp_path) as running:
        running.answers["core.echo"] = lambda *arguments: arguments
        yield running


@pytest.fixture
def api(daemon: FakeDeluge, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    monkeypatch.setattr(deluge_api, "TIMEOUT", 0.5)
    made = Api("127.0.0.1", daemon.port, Credentials("me", "secret"))
    yield made
    made.close()


def _framed(body: bytes) -> bytes:
    packed = zlib.compress(body)
    return struct.pack("!BI", 1, len(packed)) + packed


# --- calls ------------------------------------------------------------------------------------------


def test_one_login_serves_many_calls(api: Api, daemon: FakeDeluge) -> None:
    """Text, numbers and lists survive the way there and back."""
    for _ in range(3):
        assert api.call("core.echo", "ä", 2**40, [1, "b"], {"c": 1.5}) == ["ä", 2**40, [1, "b"], {"c": 1.5}]
    assert daemon.connections == 1
    assert [call[0] for call in daemon.calls].count("daemon.login") == 1


def test_several_calls_are_one_message(api: Api, daemon: FakeDeluge) -> None:
    """Each has its own answer; a refusal stands where its answer would."""
    api.call("core.echo")
    before = daemon.messages
    first, refusal, last = api.calls(("core.echo", 1), ("core.nothing",), ("core.echo", 2))
    assert (first, last) == ([1], [2])
    assert isinstance(refusal, Refused)
    assert daemon.messages == before + 1


def test_a_refusal_is_told_by_its_class(api: Api, daemon: FakeDeluge) -> None:
    """Deluge's own errors, and foreign ones that it wraps."""
    daemon.answers["core.own"] = lambda: _raise(Raised("InvalidTorrentError", "not in session"))
    daemon.answers["core.foreign"] = lambda: _raise(Raised("WrappedException", "'x'", "KeyError", "Traceback"))
    daemon.answers["core.odd"] = lambda: _raise(Raised("AddTorrentError"))
    for method, kind, text, gone in (
        ("core.own", "InvalidTorrentError", "not in session", True),
        ("core.foreign", "KeyError", "'x'", True),
        ("core.odd", "AddTorrentError", "", False),
    ):
        with pytest.raises(Refused) as caught:
            api.call(method)
        assert (caught.value.kind, caught.value.message, caught.value.item_is_gone) == (kind, text, gone)


def _raise(error: Exception) -> object:
    raise error


def test_names_that_are_no_text(api: Api, daemon: FakeDeluge) -> None:
    """Bytes that are no UTF-8 become marks; they do not hide the other torrents."""
    daemon.answers["core.names"] = lambda: {b"\xff\xfe": b"Good", b"b": (b"\xc3", None, True)}
    assert api.call("core.names") == {"\ufffd\ufffd": "Good", "b": ["\ufffd", None, True]}


def test_events_and_other_peoples_answers_are_passed_over(api: Api, daemon: FakeDeluge) -> None:
    """An event has a name where answers have their number; a number that we did not give is none of ours."""
    daemon.before = message((3, "TorrentAddedEvent", ("a", False))) + message((1, 999_999, "foreign"))
    assert api.call("core.echo", "mine") == ["mine"]


# --- signing in -------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["BadLoginError", "AuthenticationRequired"])
def test_a_wrong_password_is_tried_once(api: Api, daemon: FakeDeluge, kind: str) -> None:
    """It is asked again after half an hour, or with other settings."""
    daemon.answers["daemon.login"] = lambda *_: _raise(Raised(kind, "Password does not match", "me"))
    for _ in range(3):
        with pytest.raises(AuthRefused) as caught:
            api.call("core.echo")
        assert caught.value.remedy
    assert daemon.connections == 1


def test_a_daemon_that_lets_nobody_in_is_no_wrong_password(api: Api, daemon: FakeDeluge) -> None:
    """Another version, or an error of its own: asked again later."""
    daemon.answers["daemon.login"] = lambda *_: _raise(Raised("IncompatibleClient", "upgrade"))
    for _ in range(2):
        with pytest.raises(Unreachable, match="upgrade"):
            api.call("core.echo")
    assert daemon.connections == 2


def test_the_password_is_sent_as_deluge_wants_it(api: Api, daemon: FakeDeluge) -> None:
    """Without a version of ours Deluge 2 refuses."""
    api.call("core.echo")
    assert daemon.calls[0] == ("daemon.login", "me", "secret", "2.0.0")


# --- what is no answer ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\x02\x00\x00\x00\x01x",
        struct.pack("!BI", 1, 2**32 - 1),
        struct.pack("!BI", 1, 5) + b"plain",
        _framed(b""),
        _framed(b"\x7f" * 100),
        _framed(dumps(7)),
        _framed(dumps((1, 2))),
        _framed(dumps("text")),
        _framed(b";" * 5_000),
        _framed(b"61:too short"),
        _framed(b"A\x00\x00"),
        _framed(bytes([103]) + dumps({}) + dumps(1)),
        _framed(b"\xc3" + dumps(1) + dumps(2)),
        message((1, 2, "cut short"))[:-4],
    ],
    ids=lambda raw: repr(raw[:12]),
)
def test_what_makes_no_sense_is_unreachable(api: Api, daemon: FakeDeluge, raw: bytes) -> None:
    """And the next call begins a connection of its own: a late answer is never taken for another's."""
    daemon.raw, daemon.hangs_up = raw, True
    with pytest.raises(Unreachable) as caught:
        api.call("core.echo")
    assert caught.value.remedy
    daemon.raw, daemon.hangs_up = b"", False
    assert api.call("core.echo", "again") == ["again"]
    assert daemon.connections == 2


def test_an_answer_that_unpacks_without_end(api: Api, daemon: FakeDeluge, monkeypatch: pytest.MonkeyPatch) -> None:
    """A few kilobytes may unpack to gigabytes."""
    monkeypatch.setattr(deluge_api, "MAX_ANSWER", 100_000)
    daemon.raw = _framed(b"\x00" * 50_000_000)
    with pytest.raises(Unreachable, match="does not end"):
        api.call("core.echo")


def test_an_answer_that_trickles(api: Api, daemon: FakeDeluge, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each byte in time, the whole never."""
    monkeypatch.setattr(deluge_api, "_WHOLE_ANSWER", -1.0)
    with pytest.raises(Unreachable, match="does not end"):
        api.call("core.echo")
    assert daemon.connections == 1


def test_a_daemon_that_says_nothing(api: Api, daemon: FakeDeluge) -> None:
    """Silence ends the call, and the connection with it."""
    daemon.raw = b"\x01"
    with pytest.raises(Unreachable, match="broke"):
        api.call("core.echo")
    daemon.raw = b""
    assert api.call("core.echo", 1) == [1]


def test_nothing_is_sent_twice(api: Api, daemon: FakeDeluge) -> None:
    """An add whose answer was lost may have been heard."""
    api.call("core.echo", "first")
    daemon.hangs_up = True
    with pytest.raises(Unreachable):
        api.call("core.echo", "once")
    assert [call for call in daemon.calls if call[1:] == ("once",)] == [("core.echo", "once")]


def test_a_connection_that_ended_meanwhile_is_made_anew(api: Api, daemon: FakeDeluge) -> None:
    """After a restart of the daemon the first call is as good as any."""
    api.call("core.echo")
    daemon.hang_up()
    assert api.call("core.echo", 1) == [1]
    assert daemon.connections == 2


# --- who answers ------------------------------------------------------------------------------------


def test_nobody_there(tmp_path: Path) -> None:
    """Nothing was sent, and the message says where."""
    api = Api("127.0.0.1", free_port(), Credentials("me", "secret"))
    with pytest.raises(NothingSent, match=r"127\.0\.0\.1") as caught:
        api.call("core.echo")
    assert caught.value.remedy


def test_something_else_there(tmp_path: Path) -> None:
    """People name the port of the web page."""
    with FileServer(tmp_path) as server:
        api = Api("127.0.0.1", server.port, Credentials("me", "secret"))
        with pytest.raises(Unreachable) as caught:
            api.call("core.echo")
        assert "58846" in caught.value.remedy


def test_the_known_certificate_is_believed(daemon: FakeDeluge, tmp_path: Path) -> None:
    """A copy of the daemon's own, whatever name is in it."""
    api = Api("127.0.0.1", daemon.port, Credentials("me", "secret", str(_certificate(daemon.certificate, tmp_path))))
    assert api.call("core.echo", 1) == [1]
    api.close()


def test_another_certificate_gets_no_password(daemon: FakeDeluge, tmp_path: Path) -> None:
    """Whoever answers there is not the one that was meant."""
    (tmp_path / "other").mkdir()
    other = _certificate(SelfSigned.make(tmp_path / "other").file, tmp_path)
    api = Api("127.0.0.1", daemon.port, Credentials("me", "secret", str(other)))
    with pytest.raises(AuthRefused, match="another certificate"):
        api.call("core.echo")
    assert daemon.calls == []


@pytest.mark.parametrize("content", [None, b"no certificate", b"\xff"])
def test_a_certificate_that_cannot_be_read(daemon: FakeDeluge, tmp_path: Path, content: bytes | None) -> None:
    """Then nothing is believed, and the message names the file."""
    file = tmp_path / "daemon.cert"
    if content is not None:
        file.write_bytes(content)
    api = Api("127.0.0.1", daemon.port, Credentials("me", "secret", str(file)))
    with pytest.raises(Misconfigured, match=r"daemon\.cert"):
        api.call("core.echo")
    assert daemon.calls == []


def _certificate(pem: Path, folder: Path) -> Path:
    """The certificate alone, as Deluge keeps it."""
    mark = "-----BEGIN CERTIFICATE-----"
    file = folder / "copied.cert"
    file.write_text(mark + pem.read_text("ascii").partition(mark)[2], "ascii")
    return file
