"""Strangers' text becomes plain, and stays as long as we say."""

from __future__ import annotations

import time

import pytest

from auralarchive.audio.plaintext import bounded, one_line, paragraphs


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("<p>One &amp; two.</p><p><b>Three</b><br/>four</p>", "One & two.\n\nThree\nfour"),
        ("<ul><li>a<li>b</ul>", "• a\n• b"),
        ("AT&amp;T &#8212; &eacute;", "AT&T — é"),
        ("a < b, c > d & <3", "a < b, c > d & <3"),
        ("<Enter> said he", "<Enter> said he"),
        ('<a href="javascript:x">text</a><script>y</script>', "texty"),
        ("one\r\ntwo\u2028three\n\n\n\n\nfour", "one\ntwo\nthree\n\nfour"),
        ("a\x00\u202eb\ud800c", "a b c"),
    ],
)
def test_html_becomes_text_and_text_stays(text: str, plain: str) -> None:
    assert paragraphs(text, 1000) == plain


def test_lengths_are_in_bytes_and_no_character_is_halved() -> None:
    assert len(paragraphs("ü" * 100_000, 65_535).encode()) == 65_534
    assert one_line("  a\n\tb\x07 ", 100) == "a b"
    assert bounded("aé", 2) == "a"


@pytest.mark.parametrize("evil", ["<" * 200_000, "<p" * 100_000, "<!--" * 50_000, "&#" * 100_000, "&a" * 100_000])
def test_hostile_markup_costs_little(evil: str) -> None:
    begin = time.process_time()
    paragraphs(evil, 64 * 1024)
    assert time.process_time() - begin < 1.0
