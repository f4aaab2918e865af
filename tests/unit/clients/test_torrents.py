"""What the reader makes of .torrent files."""

from __future__ import annotations

import hashlib
from typing import Any

import bencode2
import libtorrent as lt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auralarchive.clients.torrents import MAX_BYTES, MAX_SIZE, read_torrent
from auralarchive.domain.client_item import ClientFile
from auralarchive.ports.errors import InvalidInput
from tests.support.torrent_bytes import entry, folder_info, info_of, torrent_of, v1_hash

V2_INFO = {
    b"file tree": {
        b"Disc 1": {b"01.mp3": {b"": {b"length": 9, b"pieces root": b"\x33" * 32}}},
        b"02.mp3": {b"": {b"length": 5, b"pieces root": b"\x44" * 32}},
    },
    b"meta version": 2,
    b"name": b"Book",
    b"piece length": 16_384,
}


def test_single_file() -> None:
    """Hash, name, size and file of the plainest torrent."""
    info = info_of(40_000)
    payload = read_torrent(torrent_of(info, announce=b"http://tracker.invalid/announce"))
    assert (payload.info_hash_v1, payload.info_hash_v2) == (v1_hash(info), None)
    assert (payload.name, payload.size) == ("book.m4b", 40_000)
    assert payload.files == (ClientFile("book.m4b", 40_000),)


def test_bytes_are_kept_as_they_came() -> None:
    """The client receives the original, out of order or not, and its hash is over those bytes."""
    info = b"d4:name5:b.m4b6:lengthi9e12:piece lengthi16384e6:pieces20:" + b"\x11" * 20 + b"e"
    data = b"d4:info" + info + b"e"
    payload = read_torrent(data)
    assert payload.data == data
    assert payload.info_hash_v1 == hashlib.sha1(info).hexdigest()
    assert payload.info_hash_v1 == str(lt.load_torrent_buffer(data).info_hashes.v1)


def test_v2_only() -> None:
    """A v2 torrent has its long hash, and is also known by its first 40 digits."""
    payload = read_torrent(torrent_of(V2_INFO))
    v2 = hashlib.sha256(bencode2.bencode(V2_INFO)).hexdigest()
    assert payload.hashes == {v2, v2[:40]}
    assert {(file.path, file.size) for file in payload.files} == {("Book/Disc 1/01.mp3", 9), ("Book/02.mp3", 5)}


def test_v2_single_file_is_named_once() -> None:
    """The tree of a single file repeats the torrent's name; the path does not."""
    tree = {b"b.m4b": {b"": {b"length": 9, b"pieces root": b"\x33" * 32}}}
    payload = read_torrent(torrent_of({**V2_INFO, b"file tree": tree, b"name": b"b.m4b"}))
    assert payload.files == (ClientFile("b.m4b", 9),)


def test_hybrid_has_both_hashes() -> None:
    """Clients change from one hash to the other on their own: we know both from the start."""
    info = {**V2_INFO, **folder_info(entry(b"02.mp3", length=5), entry(b"Disc 1", b"01.mp3", length=9))}
    payload = read_torrent(torrent_of(info))
    raw = bencode2.bencode(info)
    assert payload.info_hash_v1 == hashlib.sha1(raw).hexdigest()
    assert payload.info_hash_v2 == hashlib.sha256(raw).hexdigest()


def test_names_are_only_text() -> None:
    """Names that would leave the folder, or deceive the eye, are shown and never used."""
    info = folder_info(entry(b"..", b"..", b"etc", b"a.mp3"), name=b"..\x00\xe2\x80\xaebook")
    assert read_torrent(torrent_of(info)).name == ".. book"


def test_padding_and_links_are_no_files() -> None:
    """What a client never writes, or what points elsewhere, is not part of the book."""
    link = {b"attr": b"l", b"path": [b"passwd.mp3"], b"symlink path": [b"..", b"..", b"etc", b"passwd"]}
    info = folder_info(entry(b"01.mp3"), entry(b".pad", b"1", attr=b"p"), link)
    assert [file.path for file in read_torrent(torrent_of(info)).files] == ["Book/01.mp3"]


def test_a_program_posing_as_a_book_is_refused() -> None:
    """No audio, but something that runs: this is no audiobook."""
    with pytest.raises(InvalidInput, match="program"):
        read_torrent(torrent_of(folder_info(entry(b"Setup.EXE"), entry(b"cover.jpg"))))


def test_a_program_beside_a_book_is_exposed() -> None:
    """The importer takes the audio only; the page can warn."""
    payload = read_torrent(torrent_of(folder_info(entry(b"01.mp3"), entry(b"readme.exe"))))
    assert [file.path for file in payload.files] == ["Book/01.mp3", "Book/readme.exe"]


GOOD = torrent_of(info_of())


@pytest.mark.parametrize("part", range(16))
def test_cut_anywhere_is_refused(part: int) -> None:
    """A transfer that broke off is never handed to a client."""
    with pytest.raises(InvalidInput):
        read_torrent(GOOD[: len(GOOD) * part // 16])


@pytest.mark.parametrize(
    "data",
    [
        b"<!DOCTYPE html><html>Please log in</html>",
        b"d4:infoi1ee",
        b"d4:infod4:name1:ae4:infod4:name1:bee",
        b"d" + b"x" * MAX_BYTES,
        torrent_of(info_of(length=-1)),
        torrent_of(info_of(length=2**62)),
        torrent_of(info_of(length=MAX_SIZE)),
        torrent_of(info_of(pieces=b"\x11" * 19)),
        torrent_of({**info_of(), b"piece length": 0}),
        torrent_of({**info_of(), b"name": 7}),
        torrent_of(folder_info()),
        torrent_of(folder_info(entry(b"a.mp3", length=0))),
        torrent_of({b"meta version": 3, **info_of()}),
        torrent_of({b"name": b"x"}),
        torrent_of({**V2_INFO, b"file tree": {b"a": 3}}),
        torrent_of(folder_info({b"length": 1, b"path": []})),
    ],
    ids=lambda data: repr(data[:30]),
)
def test_what_cannot_be_true_is_refused_with_a_remedy(data: bytes) -> None:
    """Every refusal tells a person what to do."""
    with pytest.raises(InvalidInput) as caught:
        read_torrent(data)
    assert caught.value.remedy


@given(st.integers(0, len(GOOD) - 1), st.binary(min_size=1, max_size=4))
def test_damage_never_escapes(at: int, damage: bytes) -> None:
    """Any change gives another torrent or a refusal, and nothing else."""
    try:
        read_torrent(GOOD[:at] + damage + GOOD[at + len(damage) :])
    except InvalidInput:
        return


@pytest.mark.parametrize(
    "sources",
    [
        {"announce-list": [[b"udp://t%d.test/" % n] for n in range(1001)]},
        {"announce-list": [[b"udp://t%d.test/" % n for n in range(600)]], "url-list": [b"http://w.test/"] * 401},
        {"nodes": [[b"n.test", 1]] * 501},
    ],
)
def test_a_thousand_trackers_and_seeds_are_enough(sources: dict[str, Any]) -> None:
    """A client would be busy with nothing else."""
    with pytest.raises(InvalidInput, match="trackers"):
        read_torrent(torrent_of(info_of(), **sources))
    few = {key: value[:1] for key, value in sources.items()}
    assert read_torrent(torrent_of(info_of(), **few)).size == 40_000
