"""What the reader makes of magnet links."""

from __future__ import annotations

from urllib.parse import parse_qsl

import libtorrent as lt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auralarchive.clients.magnets import read_magnet
from auralarchive.ports.errors import InvalidInput

V1 = "0123456789abcdef0123456789abcdef01234567"
V2 = "ab" * 32


def test_hex_in_any_case_and_base32_are_one_download() -> None:
    """The same torrent by three spellings: the store sees one hash."""
    spelled = ["6162636465666768696a6b6c6d6e6f7071727374", "MFRGGZDFMZTWQ2LKNNWG23TPOBYXE43U"]
    hashes = {read_magnet(f"magnet:?xt=urn:btih:{text}").info_hash_v1 for text in (*spelled, spelled[1].lower())}
    assert hashes == {spelled[0]}
    assert read_magnet(f"MAGNET:?xt=URN:BTIH:{V1.upper()}").info_hash_v1 == V1


def test_both_hashes_of_a_hybrid() -> None:
    """Either may be what the client knows it by."""
    payload = read_magnet(f"magnet:?xt=urn:btih:{V1}&xt.2=urn:btmh:1220{V2.upper()}")
    assert payload.hashes == {V1, V2, V2[:40]}


def test_name_is_text() -> None:
    """`dn` is shown, and never a path; without one the hash stands in."""
    assert read_magnet(f"magnet:?xt=urn:btih:{V1}&dn=..%2F..%2Fetc%2Fx%0a").name == "../../etc/x"
    assert read_magnet(f"magnet:?xt=urn:btih:{V1}").name == V1


def test_the_link_is_written_anew() -> None:
    """Trackers, web seeds and peers stay; other sources to fetch from, and unknown schemes, go."""
    payload = read_magnet(
        f"magnet:?dn=A%20B&tr=http%3A%2F%2Ft.invalid%2Fannounce&tr.1=udp%3A%2F%2Ft.invalid%3A1&tr=file%3A%2F%2F%2Fetc"
        f"&xs=http%3A%2F%2F10.0.0.1%2Fx&as=http%3A%2F%2F10.0.0.1&ws=gopher%3A%2F%2Fx&x.pe=192.0.2.1%3A5&xl=77"
        f"&xt=urn:btih:{V1}"
    )
    assert payload.magnet is not None
    assert payload.size == 77
    assert parse_qsl(payload.magnet[8:]) == [
        ("xt", f"urn:btih:{V1}"),
        ("dn", "A B"),
        ("tr", "http://t.invalid/announce"),
        ("tr", "udp://t.invalid:1"),
        ("x.pe", "192.0.2.1:5"),
    ]
    parsed = lt.parse_magnet_uri(payload.magnet)
    assert (str(parsed.info_hashes.v1), parsed.name, len(parsed.trackers)) == (V1, "A B", 2)


@pytest.mark.parametrize(
    "uri",
    [
        "magnet:?xt=urn:btih:" + "0" * 40,
        "magnet:?xt=urn:btih:" + "a" * 40 + "&xt=urn:btmh:1220" + "0" * 64,
        "",
        "http://x.invalid/a.torrent",
        "magnet:?dn=x",
        "magnet:?xt=urn:btih:1111",
        "magnet:?xt=urn:btih:" + "g" * 40,
        "magnet:?xt=urn:btih:" + "١" * 40,
        "magnet:?xt=urn:sha1:" + V1,
        "magnet:?xt=urn:btmh:1120" + V2,
        f"magnet:?xt=urn:btih:{V1}&xt=urn:btih:{V1[::-1]}",
        f"magnet:?xt=urn:btih:{V1}&dn=\x00",
        f"magnet:?xt=urn:btih:{V1}" + "&tr=http://a" * 400,
        f"magnet:?xt=urn:btih:{V1}&dn=" + "x" * 40_000,
    ],
    ids=lambda uri: uri[:40],
)
def test_what_names_no_single_torrent_is_refused_with_a_remedy(uri: str) -> None:
    """Nothing ambiguous or malformed goes on to a client."""
    with pytest.raises(InvalidInput) as caught:
        read_magnet(uri)
    assert caught.value.remedy


@given(st.text(max_size=80), st.text(max_size=80))
def test_any_text_is_read_or_refused(name: str, tracker: str) -> None:
    """No link raises anything but its own error, and what we write we can read."""
    try:
        payload = read_magnet(f"magnet:?xt=urn:btih:{V1}&dn={name}&tr={tracker}")
    except InvalidInput:
        return
    assert read_magnet(payload.magnet or "").magnet == payload.magnet
