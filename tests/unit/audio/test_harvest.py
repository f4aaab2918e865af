"""Each format's own way of tags ends in the same names and extras."""

from __future__ import annotations

from mutagen._vorbis import VCommentDict
from mutagen.apev2 import APEv2
from mutagen.asf import ASFTags
from mutagen.id3 import COMM, ID3, TCON, TIT2, TPE1, TXXX, USLT, WOAF, WXXX
from mutagen.mp4 import MP4FreeForm, MP4Tags

from auralarchive.audio.harvest import MAX_EXTRA_BYTES, MAX_EXTRAS, Extra, harvest


def test_id3_frames() -> None:
    tags = ID3()
    for frame in (
        TIT2(encoding=3, text=["One"]),
        TPE1(encoding=3, text=["Ann", "Bob"]),
        TCON(encoding=3, text=["(101)", "Fantasy"]),
        TXXX(encoding=3, desc="Series-Part", text=["3.5"]),
        TXXX(encoding=3, desc="Translator", text=["Tim", "Tom"]),
        TXXX(encoding=3, desc="replaygain_track_gain", text=["-3 dB"]),
        WXXX(encoding=3, desc="Shop", url="http://shop.invalid/1"),
        WOAF(url="http://shop.invalid/2"),
        USLT(encoding=3, lang="eng", desc="", text="la\nla"),
    ):
        tags.add(frame)
    found = harvest(tags)
    assert found.known == {
        "TIT2": ["One"],
        "TPE1": ["Ann", "Bob"],
        "TCON": ["Speech", "Fantasy"],
        "seriespart": ["3.5"],
    }
    assert sorted(found.extras) == [
        Extra("LYRICS", b"la\nla"),
        Extra("Shop", b"http://shop.invalid/1"),
        Extra("Translator", b"Tim"),
        Extra("Translator", b"Tom"),
        Extra("WWWAUDIOFILE", b"http://shop.invalid/2"),
    ]


def test_the_comment_is_the_english_one_without_a_description() -> None:
    tags = ID3()
    for description, language, text in (
        ("iTunNORM", "eng", " 000001"),
        ("iTunSMPB", "eng", " 00000000 00000210"),
        ("Review", "eng", "Four stars"),
        ("", "deu", "Gut"),
        ("", "eng", "Good"),
    ):
        tags.add(COMM(encoding=3, lang=language, desc=description, text=[text]))
    found = harvest(tags)
    assert found.known["COMM"] == ["Good"]
    assert found.extras == [Extra("Review", b"Four stars")]


def test_mp4_names_of_any_domain_and_values_of_any_type() -> None:
    tags = MP4Tags()
    tags["----:com.pilabor.tone:PUBLISHER"] = [MP4FreeForm(b"Pub House")]
    tags["----:org.example:Mood"] = [MP4FreeForm(b"dark"), MP4FreeForm(b"cold")]
    tags["----:org.example:Blob"] = [MP4FreeForm(b"\x00\xff", dataformat=0)]
    tags["----:org.example:Level"] = [MP4FreeForm(b"\x07", dataformat=21)]
    tags["----:com.apple.iTunes:iTunSMPB"] = [MP4FreeForm(b" 00000000")]
    tags["trkn"], tags["\xa9mvi"], tags["\xa9gen"] = [(3, 12)], [7], ["(101)"]
    found = harvest(tags)
    assert found.known == {"publisher": ["Pub House"], "trkn": ["3/12"], "\xa9mvi": ["7"], "\xa9gen": ["Speech"]}
    assert found.extras == [
        Extra("Mood", b"dark", "org.example"),
        Extra("Mood", b"cold", "org.example"),
        Extra("Blob", b"\x00\xff", "org.example", 0),
        Extra("Level", b"\x07", "org.example", 21),
    ]


def test_comments_items_and_attributes() -> None:
    vorbis, ape, asf = VCommentDict(), APEv2(), ASFTags()
    vorbis["NARRATOR"], vorbis["Translator"] = ["Nora"], ["Tim"]
    ape["Narrator"], ape["Translator"] = "Nora", "Tim"
    asf["Narrator"], asf["Translator"], asf["IsVBR"] = ["Nora"], ["Tim"], [True]
    for tags in (vorbis, ape, asf):
        found = harvest(tags)
        assert found.known == {"narrator": ["Nora"]}
        assert [extra.value for extra in found.extras] == [b"Tim"]


def test_extras_have_bounds_in_number_and_bytes() -> None:
    many, large = VCommentDict(), VCommentDict()
    for number in range(1000):
        many[f"x{number}"] = "y"
    for number in range(10):
        large[f"x{number}"] = "y" * 20_000
    large["huge"] = "y" * 10_000_000
    large["n" * 500] = "y"
    assert len(harvest(many).extras) == MAX_EXTRAS
    kept = harvest(large).extras
    assert len(kept) == 3
    assert sum(len(extra.value) for extra in kept) <= MAX_EXTRA_BYTES
