"""Pictures inside the files of every format, the likeliest cover first."""

from __future__ import annotations

import base64
import os
import struct
from pathlib import Path

import mutagen
import pytest
from mutagen.apev2 import BINARY, APEv2, APEValue
from mutagen.asf import ASF, ASFByteArrayAttribute
from mutagen.flac import FLAC, Picture
from mutagen.id3 import APIC, ID3
from mutagen.mp4 import MP4, MP4Cover

from auralarchive.audio.kinds import Kind
from auralarchive.audio.sourcetags import read_pictures
from tests.support.audio import encode, picture, voice

SMALL, LARGE, BACK, ICON = picture(100), picture(500), picture(900, colour=(0, 0, 9)), picture(32)


def _pictures(path: Path, kind: Kind) -> tuple[bytes, ...]:
    fd = os.open(path, os.O_RDONLY)
    try:
        return read_pictures(fd, kind)
    finally:
        os.close(fd)


def _file(tmp_path: Path, codec: str) -> Path:
    return encode(tmp_path / f"a.{codec}", voice(1, 0.3), codec)


def test_front_covers_come_first_and_large_ones_before_small(tmp_path: Path) -> None:
    path = _file(tmp_path, "mp3")
    tags = ID3()
    for number, (kind, data) in enumerate([(1, ICON), (4, BACK), (3, SMALL), (3, LARGE), (0, picture(200))]):
        tags.add(APIC(encoding=3, mime="image/jpeg", type=kind, desc=str(number), data=data))
    tags.add(APIC(encoding=3, mime="-->", type=3, desc="link", data=b"http://x.invalid/"))
    tags.save(path)
    assert _pictures(path, Kind.MP3) == (LARGE, SMALL, picture(200), BACK, ICON)


def test_the_first_of_an_mp4_is_its_cover(tmp_path: Path) -> None:
    path = _file(tmp_path, "m4a")
    file = MP4(path)
    file["covr"] = [MP4Cover(SMALL), MP4Cover(LARGE)]
    file.save()
    assert _pictures(path, Kind.MP4) == (SMALL, LARGE)


@pytest.mark.parametrize(("codec", "kind"), [("flac", Kind.FLAC), ("ogg", Kind.OGG), ("opus", Kind.OGG)])
def test_flac_and_vorbis_know_types(tmp_path: Path, codec: str, kind: Kind) -> None:
    path = _file(tmp_path, codec)
    file = mutagen.File(path)
    made = []
    for kind_of_picture, data in ((4, BACK), (3, SMALL)):
        art = Picture()
        art.type, art.mime, art.data = kind_of_picture, "image/jpeg", data
        made.append(art)
    if isinstance(file, FLAC):
        for art in made:
            file.add_picture(art)
    else:
        file["metadata_block_picture"] = ["!!", *(base64.b64encode(art.write()).decode() for art in made)]
    file.save()
    assert _pictures(path, kind) == (SMALL, BACK)


def test_asf_and_ape_pictures(tmp_path: Path) -> None:
    wma = _file(tmp_path, "wma")
    file = ASF(wma)
    head = struct.pack("<BI", 3, len(SMALL)) + "image/jpeg\0".encode("utf-16-le") + "é\0".encode("utf-16-le")
    file["WM/Picture"] = [ASFByteArrayAttribute(head + SMALL), ASFByteArrayAttribute(b"\x03")]
    file.save()
    assert _pictures(wma, Kind.ASF) == (SMALL,)
    mp3 = encode(tmp_path / "b.mp3", voice(1, 0.3), "mp3", extra=("-id3v2_version", "0"))
    ape = APEv2()
    ape["Cover Art (Back)"] = APEValue(b"back.jpg\0" + BACK, BINARY)
    ape["Cover Art (Front)"] = APEValue(b"front.jpg\0" + SMALL, BINARY)
    ape.save(mp3)
    assert _pictures(mp3, Kind.MP3) == (SMALL, BACK)


def test_what_cannot_be_read_has_no_pictures(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"fLaC" + os.urandom(200))
    assert _pictures(path, Kind.FLAC) == ()
