"""One file from one link, against a server that answers in every way there is."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path

import pytest

from auralarchive.clients import direct_fetch
from auralarchive.clients.direct_fetch import (
    DiskTrouble,
    Later,
    Loader,
    Neighbourhood,
    Order,
    Refused,
    WrongBytes,
    part_of,
    retry_after,
)
from auralarchive.clients.direct_state import Version
from auralarchive.domain.manifest import ManifestFile
from auralarchive.net.addresses import parse_link
from auralarchive.net.http import GuardedClient
from auralarchive.ports.errors import Cancelled
from auralarchive.ports.work import CancelToken
from tests.support.files import FileHost, Twist, book
from tests.support.indexing import PUBLIC, Names

DATA = book(300_000)["01.mp3"]
NAME = "Emma/01.mp3"


@pytest.fixture
def host() -> Iterator[FileHost]:
    with FileHost() as running:
        yield running


class Desk:
    """Orders one file again and again, as a client does after each failure."""

    def __init__(self, host: FileHost, folder: Path) -> None:
        self.host = host
        self.file = host.manifest("Emma", {"01.mp3": DATA}).files[0]
        self.target = folder / "ab" / "Emma" / "01.mp3"
        self.folder = folder
        self.version: Version | None = None
        self.came = 0
        self.cancel = CancelToken()
        self.most = 2**30
        self.reserve = 0

    def load(self, url: str | None = None, client: GuardedClient | None = None, *, loopback: bool = True) -> None:
        def begun(version: Version) -> None:
            self.version = version

        def came(amount: int) -> None:
            self.came += amount

        order = Order(
            file=self.file,
            url=url or self.file.urls[0],
            target=self.target,
            root=self.folder,
            version=self.version,
            most=self.most,
            needed=self.file.size or 0,
            reserve=self.reserve,
            cancel=self.cancel,
            begun=begun,
            came=came,
        )
        Loader(client or GuardedClient(), lambda: Neighbourhood(loopback_only=loopback)).load(order)

    def unproved(self, **changes: object) -> None:
        self.file = replace(self.file, md5=None, sha1=None, **changes)  # type: ignore[arg-type] # names of its fields

    @property
    def part(self) -> bytes | None:
        return part_of(self.target).read_bytes() if part_of(self.target).exists() else None

    def is_there(self) -> bool:
        return self.target.read_bytes() == DATA and self.part is None


def etag_of(desk: Desk) -> str:
    """What the host promises of the file as it is."""
    return f'"{hashlib.sha256(desk.host.content[NAME]).hexdigest()[:16]}"'


@pytest.fixture
def desk(host: FileHost, tmp_path: Path) -> Desk:
    return Desk(host, tmp_path)


def test_a_file_bears_its_name_once_it_is_whole(desk: Desk) -> None:
    desk.load()
    assert desk.is_there()
    assert desk.came == len(DATA)
    assert desk.version is not None
    assert desk.version.url == desk.file.urls[0]
    assert desk.host.asked[0].headers["user-agent"] == "AuralArchive"
    assert desk.host.asked[0].headers["accept-encoding"] == "identity"


# --- going on -------------------------------------------------------------------------------------


def test_a_broken_off_file_goes_on_where_it_was(desk: Desk) -> None:
    """The rest of the very same file is asked for, and only it is sent."""
    desk.host.next(NAME, Twist(cut=100_000))
    with pytest.raises(Later, match="broke off"):
        desk.load()
    assert desk.part == DATA[:100_000]
    desk.load()
    assert desk.is_there()
    assert desk.came == len(DATA)
    assert desk.host.asked[1].headers["range"] == "bytes=100000-"
    assert desk.host.asked[1].headers["if-range"].startswith('"')


@pytest.mark.parametrize("proved", [True, False])
def test_a_file_that_changed_meanwhile_begins_anew(desk: Desk, proved: bool) -> None:
    """If-Range: the server sends all of the new one instead of a rest that does not fit."""
    desk.host.next(NAME, Twist(cut=100_000, body=b"old" * 100_000))
    if not proved:
        desk.unproved()
    with pytest.raises(Later):
        desk.load()
    desk.load()
    assert desk.is_there()
    assert desk.came == 100_000 + len(DATA)


def test_a_server_without_ranges_begins_anew(desk: Desk) -> None:
    desk.host.always(NAME, Twist(ranges=False))
    desk.host.next(NAME, Twist(cut=100_000))
    with pytest.raises(Later):
        desk.load()
    desk.load()
    assert desk.is_there()


@pytest.mark.parametrize("twist", [Twist(etag="", modified=""), Twist(etag='W/"1"', modified="")])
def test_without_a_promise_or_a_proof_nothing_is_glued(desk: Desk, twist: Twist) -> None:
    """A server that does not say which version it sends, of a file whose checksum nobody knows."""
    desk.unproved()
    desk.host.next(NAME, replace(twist, cut=100_000), twist)
    with pytest.raises(Later):
        desk.load()
    desk.load()
    assert desk.is_there()
    assert desk.host.starts(NAME) == [0, 0]


def test_with_a_proof_a_mirror_may_go_on(desk: Desk) -> None:
    """Other links have other entity tags; the checksum tells whether the halves fit."""
    desk.host.next(NAME, Twist(cut=100_000))
    with pytest.raises(Later):
        desk.load()
    mirror = desk.host.put("mirror/01.mp3", DATA)
    desk.load(mirror)
    assert desk.is_there()
    assert desk.host.asked[1].headers["range"] == "bytes=100000-"
    assert "if-range" not in desk.host.asked[1].headers


def test_without_a_proof_a_mirror_begins_anew(desk: Desk) -> None:
    desk.unproved()
    desk.host.next(NAME, Twist(cut=100_000))
    with pytest.raises(Later):
        desk.load()
    desk.load(desk.host.put("mirror/01.mp3", DATA))
    assert desk.is_there()
    assert desk.host.starts("mirror/01.mp3") == [0]


def test_last_modified_is_a_promise_as_well(desk: Desk) -> None:
    desk.unproved()
    desk.host.next(NAME, Twist(cut=100_000, etag=""), Twist(etag=""))
    with pytest.raises(Later):
        desk.load()
    desk.load()
    assert desk.is_there()
    assert desk.host.asked[1].headers["if-range"] == "Thu, 26 Nov 2026 08:00:00 GMT"


@pytest.mark.parametrize(
    "twist",
    [
        Twist(shift=5),
        Twist(shift=-5),
        Twist(total=299_999),
        Twist(headers={"Content-Range": "bytes"}),
        Twist(headers={"Content-Range": "bytes 100000-5/300000"}),
        Twist(headers={"Content-Range": "bytes " + "9" * 30 + "-1/*"}),
    ],
)
def test_another_part_than_was_asked_for_is_not_glued(desk: Desk, twist: Twist) -> None:
    """206 alone says nothing: it has to begin at our byte, of a file of our size."""
    desk.host.next(NAME, Twist(cut=100_000), twist)
    with pytest.raises(Later):
        desk.load()
    with pytest.raises(Later, match="another part"):
        desk.load()
    desk.load()
    assert desk.is_there()
    assert desk.host.starts(NAME) == [0, 100_000, 0]


@pytest.mark.parametrize("kept", [0, 100_000])
def test_less_than_the_rest_is_not_the_whole(desk: Desk, kept: int) -> None:
    """A server may send a smaller range than was asked for; of a file of unknown size only its total tells that."""
    desk.unproved(size=None)
    if kept:
        desk.host.next(NAME, Twist(cut=kept))
        with pytest.raises(Later):
            desk.load()
    end = kept + 50_000
    told = {"Content-Range": f"bytes {kept}-{end - 1}/{len(DATA)}", "ETag": etag_of(desk)}
    desk.host.next(NAME, Twist(status=206, headers=told, body=DATA[kept:end]))
    with pytest.raises(Later, match=f"only {end} of its {len(DATA)} bytes"):
        desk.load()
    assert not desk.target.exists()
    desk.load()
    assert desk.is_there()
    assert desk.host.starts(NAME)[-1] == end


def test_a_rest_of_nobody_knows_what_is_not_glued(desk: Desk) -> None:
    """Neither the manifest nor the server says how long the file is: it is asked for as a whole."""
    desk.unproved(size=None)
    desk.host.next(NAME, Twist(cut=100_000))
    with pytest.raises(Later):
        desk.load()
    told = {"Content-Range": "bytes 100000-149999/*"}
    desk.host.next(NAME, Twist(status=206, headers=told, body=DATA[100_000:150_000]))
    with pytest.raises(Later, match="another part"):
        desk.load()
    desk.load()
    assert desk.is_there()


def test_a_part_that_is_whole_already_needs_no_request(desk: Desk) -> None:
    """The crash came after the last byte and before the name."""
    desk.target.parent.mkdir(parents=True)
    part_of(desk.target).write_bytes(DATA)
    desk.load()
    assert desk.is_there()
    assert not desk.host.asked


def test_a_part_of_unknown_size_may_be_whole(desk: Desk) -> None:
    """416 and the size that we have: nothing lies behind it."""
    desk.unproved(size=None)
    desk.load()
    desk.target.rename(part_of(desk.target))
    desk.load()
    assert desk.is_there()
    assert desk.host.starts(NAME) == [0, len(DATA)]


def test_a_part_of_another_file_begins_anew(desk: Desk) -> None:
    """416, but the server's file has another size."""
    desk.unproved(size=None)
    desk.load()
    desk.target.rename(part_of(desk.target))
    desk.host.next(NAME, Twist(status=416, headers={"Content-Range": "bytes */7"}))
    with pytest.raises(Later, match="another file"):
        desk.load()
    desk.load()
    assert desk.is_there()


def test_a_part_that_is_larger_than_the_file_is_dropped(desk: Desk) -> None:
    desk.target.parent.mkdir(parents=True)
    part_of(desk.target).write_bytes(DATA + b"x")
    desk.load()
    assert desk.is_there()
    assert desk.host.starts(NAME) == [0]


def test_wrong_glue_is_found_by_its_checksum(desk: Desk) -> None:
    """And nothing of it is kept."""
    desk.target.parent.mkdir(parents=True)
    part_of(desk.target).write_bytes(b"x" * 1_000)
    with pytest.raises(WrongBytes, match="sha1"):
        desk.load()
    assert desk.part == b""
    desk.load()
    assert desk.is_there()


def test_a_part_that_is_a_link_is_not_followed(desk: Desk, tmp_path: Path) -> None:
    """Somebody else in the folder must not make us write elsewhere."""
    other = tmp_path / "other"
    other.write_bytes(b"precious")
    desk.target.parent.mkdir(parents=True)
    part_of(desk.target).symlink_to(other)
    with pytest.raises(DiskTrouble):
        desk.load()
    assert other.read_bytes() == b"precious"


# --- what a server says ---------------------------------------------------------------------------


@pytest.mark.parametrize("proof", ["md5", "sha1"])
def test_wrong_bytes_are_found(desk: Desk, proof: str) -> None:
    desk.file = replace(desk.file, sha1=None) if proof == "md5" else replace(desk.file, md5=None)
    desk.host.next(NAME, Twist(body=b"y" * len(DATA)))
    with pytest.raises(WrongBytes, match=proof):
        desk.load()
    assert not desk.target.exists()


@pytest.mark.parametrize(
    ("twist", "words"),
    [
        (Twist(status=404), "404 Not Found"),
        (Twist(status=410, reason="Taken down"), "410 Taken down"),
        (Twist(status=403, reason="Item is dark\x07"), "403 Item is dark"),
        (Twist(status=401), "401 Unauthorized"),
        (Twist(status=451), "451"),
        (Twist(status=204), "204 No Content"),
        (Twist(status=416), "416"),
        (Twist(length=5), "a file of 5 bytes instead of 300000"),
        (Twist(headers={"Content-Encoding": "gzip"}), "packed"),
        (Twist(headers={"Content-Type": "text/html; charset=utf-8"}), "web page"),
        (Twist(body=DATA + b"x", length=-1), "more than the 300000 bytes"),
        (Twist(endless=True), "more than the 300000 bytes"),
    ],
)
def test_what_never_will_be_the_file(desk: Desk, twist: Twist, words: str) -> None:
    """Told in the host's own words, where it has some."""
    desk.host.always(NAME, twist)
    with pytest.raises(Refused, match=words):
        desk.load()
    assert not desk.target.exists()


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 520])
def test_what_may_be_the_file_later(desk: Desk, status: int) -> None:
    desk.host.next(NAME, Twist(status=status, headers={"Retry-After": "120"}))
    with pytest.raises(Later, match=str(status)) as caught:
        desk.load()
    assert caught.value.wait == 120
    desk.load()
    assert desk.is_there()


def test_a_missing_length_is_no_hindrance(desk: Desk) -> None:
    """Then the end of the connection is the end; short of the size that was promised, the rest is asked for."""
    desk.host.always(NAME, Twist(length=-1))
    desk.host.next(NAME, Twist(length=-1, cut=1_000))
    with pytest.raises(Later, match="only 1000 of its 300000 bytes"):
        desk.load()
    desk.load()
    assert desk.is_there()


def test_an_endless_file_of_unknown_size_ends_at_the_bound(desk: Desk) -> None:
    desk.unproved(size=None)
    desk.most = 1_000_000
    desk.host.always(NAME, Twist(endless=True))
    with pytest.raises(Refused, match="more than the 1000000 bytes"):
        desk.load()
    assert desk.came <= 1_000_000
    assert desk.part == b""


def test_silence_is_given_up(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(direct_fetch, "PATIENCE", 0.3)
    desk.host.next(NAME, Twist(stall=1_000))
    with pytest.raises(Later, match="sent nothing"):
        desk.load()
    assert desk.part == DATA[:1_000]


def test_an_empty_file_is_a_file(desk: Desk) -> None:
    desk.host.put(NAME, b"")
    desk.unproved(size=0)
    desk.load()
    assert desk.target.read_bytes() == b""


def test_a_page_that_is_wanted_is_no_trick(desk: Desk) -> None:
    desk.target = desk.target.with_name("about.html")
    desk.host.always(NAME, Twist(headers={"Content-Type": "text/html"}))
    desk.load()
    assert desk.is_there()


# --- redirects and addresses ----------------------------------------------------------------------


def test_redirects_are_followed(desk: Desk) -> None:
    """The Archive passes every download on to the machine that has it; a range goes along."""
    for status in (301, 302, 303, 307, 308):
        desk.host.always(f"go/{status}", Twist(status=status, headers={"Location": f"/{NAME}"}))
    desk.host.next(NAME, Twist(cut=100_000))
    with pytest.raises(Later):
        desk.load(f"{desk.host.url}/go/301")
    for status in (302, 303, 307, 308):
        desk.load(f"{desk.host.url}/go/{status}")
        assert desk.is_there()
        desk.target.unlink()
    assert desk.host.starts(NAME) == [0, 100_000, 0, 0, 0]


def test_redirects_come_to_an_end(desk: Desk) -> None:
    desk.host.always("loop", Twist(status=302, headers={"Location": "/loop"}))
    with pytest.raises(Refused, match="more than 5 times"):
        desk.load(f"{desk.host.url}/loop")
    assert len(desk.host.asked) == 6
    desk.host.always("nowhere", Twist(status=302))
    with pytest.raises(Refused, match="does not say where to"):
        desk.load(f"{desk.host.url}/nowhere")


@pytest.mark.parametrize(
    "target", ["http://10.0.0.1/a.mp3", "http://169.254.169.254/", "ftp://x.org/a", "//u:p@x.org/"]
)
def test_no_redirect_leads_inside(desk: Desk, target: str) -> None:
    """Each hop is judged like the link itself."""
    desk.host.always("go", Twist(status=302, headers={"Location": target}))
    with pytest.raises(Refused):
        desk.load(f"{desk.host.url}/go")


def test_an_encrypted_link_is_not_passed_on_in_the_clear() -> None:
    """Who sits in between must not choose the bytes."""
    from_link = parse_link("https://archive.org/a")
    with pytest.raises(Refused, match="unencrypted"):
        direct_fetch._next(from_link, "http://archive.org/a")
    assert direct_fetch._next(from_link, "https://ia800.us.archive.org/a").origin.host == "ia800.us.archive.org"


def test_no_link_leads_to_this_machine_or_the_own_network(desk: Desk) -> None:
    """As it is outside of tests; also where a public name leads there."""
    with pytest.raises(Refused, match="private or reserved"):
        desk.load(loopback=False)
    names = Names({"inside.example": [["192.168.1.1"]], "mixed.example": [[PUBLIC, "127.0.0.1"]]})
    for name in ("inside.example", "mixed.example"):
        with pytest.raises(Refused, match="private or reserved"):
            desk.load(f"http://{name}:{desk.host.port}/{NAME}", GuardedClient(resolve=names.resolve), loopback=False)
    assert not desk.host.asked


def test_who_is_permitted() -> None:
    """The public, and neighbours that somebody let in by name; in tests nobody but this machine."""
    usual = Neighbourhood()
    assert usual.permits(ip_address("93.184.216.34"))
    for text in ("127.0.0.1", "10.0.0.1", "::1", "169.254.169.254", "fd00:ec2::254"):
        assert not usual.permits(ip_address(text))
    assert Neighbourhood(("127.0.0.5",)).permits(ip_address("127.0.0.5"))
    assert not Neighbourhood(("127.0.0.5",)).permits(ip_address("127.0.0.1"))
    assert not Neighbourhood(loopback_only=True).permits(ip_address("93.184.216.34"))


def test_a_link_that_we_do_not_read_is_refused(desk: Desk) -> None:
    with pytest.raises(Refused, match="user name"):
        desk.load("http://user:secret@archive.org/a.mp3")


def test_a_server_that_is_not_there_may_be_there_later(desk: Desk) -> None:
    with pytest.raises(Later, match="cannot be reached"):
        desk.load("http://127.0.0.1:1/a.mp3")


# --- the disk and other hands ---------------------------------------------------------------------


def test_space_is_looked_at_before_anything_is_asked(desk: Desk) -> None:
    desk.reserve = 2**60
    with pytest.raises(DiskTrouble, match=r"are to stay free, but only"):
        desk.load()
    assert not desk.host.asked


def test_space_is_looked_at_on_the_way(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of unknown size, or somebody else who fills the disk."""
    monkeypatch.setattr(direct_fetch, "_LOOK_EVERY", 100_000)
    free = iter([2**40, 0])
    usage = shutil.disk_usage("/")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=next(free)))
    with pytest.raises(DiskTrouble):
        desk.load()
    assert desk.part is not None
    assert 100_000 <= len(desk.part) < len(DATA)


@pytest.mark.parametrize(
    ("number", "words"), [(errno.ENOSPC, "the disk is full"), (errno.EROFS, "read-only"), (errno.EIO, "input/output")]
)
def test_a_disk_that_takes_nothing_is_told(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, number: int, words: str
) -> None:
    """What it has taken stays."""

    def fail(*_: object) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "pwrite", fail)
    with pytest.raises(DiskTrouble, match=words):
        desk.load()
    monkeypatch.undo()
    desk.load()
    assert desk.is_there()


def test_a_folder_that_cannot_be_made_is_told(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "ab").write_text("in the way")
    with pytest.raises(DiskTrouble, match="not a directory"):
        desk.load()


def test_a_cancel_keeps_what_has_come(desk: Desk) -> None:
    desk.host.next(NAME, Twist(stall=1_000))
    original = desk.cancel.check

    def check() -> None:
        if desk.came:
            desk.cancel.cancel()
        original()

    desk.cancel.check = check  # type: ignore[method-assign] # cancels as soon as something came
    with pytest.raises(Cancelled):
        desk.load()
    assert desk.part == DATA[:1_000]


def test_what_is_cancelled_before_it_begins_leaves_nothing(desk: Desk) -> None:
    desk.cancel.cancel()
    with pytest.raises(Cancelled):
        desk.load()
    assert not desk.target.parent.exists()


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("120", 120),
        ("0", 0),
        ("999999999999", direct_fetch.LONGEST_WAIT),
        ("Thu, 26 Nov 2026 12:01:00 GMT", 60),
        ("Thu, 26 Nov 2026 11:00:00 GMT", None),
        ("Thu, 26 Nov 2099 11:00:00", direct_fetch.LONGEST_WAIT),
        ("soon", None),
        ("-5", None),
        ("²", None),
        ("", None),
    ],
)
def test_retry_after(text: str, seconds: float | None) -> None:
    """Seconds or a date, bounded; what makes no sense leaves the choice to us."""
    assert retry_after(text, datetime(2026, 11, 26, 12, tzinfo=UTC)) == seconds


def test_unknown_proofs_are_none(desk: Desk) -> None:
    """A file about which nobody knows anything is taken as it comes."""
    desk.file = ManifestFile("01.mp3", desk.file.urls)
    desk.load()
    assert desk.is_there()
