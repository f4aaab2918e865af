"""Makes Usenet posts: packs and protects files, encodes them as yEnc, posts them by NNTP, and writes the NZB.

Python's nntplib is gone since 3.13 and no library of today writes yEnc posts; what a test needs of both is little.
"""

from __future__ import annotations

import random
import re
import shutil
import socket
import subprocess
import time
import uuid
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self
from xml.sax.saxutils import escape, quoteattr

from tests.support.processes import cache_folder, missing
from tests.support.rar import write_rar

Pack = Literal["plain", "7z", "7z-volumes", "rar", "rar-volumes"]
#: Which articles of which file are meant: its name, and the article's number from 1.
Articles = Callable[[str, int], bool]

_SHIFTED = bytes((value + 42) & 255 for value in range(256))
_CRITICAL = re.compile(rb"[\x00\n\r=]")
_SENDER = "tester <tester@loopback.test>"


def none(_name: str, _part: int) -> bool:
    """No article at all."""
    return False


def every_second(_name: str, part: int) -> bool:
    """Half of the articles: more than any par2 of a test makes good."""
    return part % 2 == 0


@dataclass(frozen=True, slots=True)
class Article:
    """One part of one file."""

    name: str
    whole: int  # size of the file
    begin: int
    number: int
    count: int
    data: bytes

    def encoded(self, *, damaged: bool = False) -> bytes:
        """Its yEnc body; a damaged one has other bytes than its checksum says."""
        data = bytes(value ^ 0x55 for value in self.data[:200]) + self.data[200:] if damaged else self.data
        shifted = data.translate(_SHIFTED)
        rows = [_CRITICAL.sub(_escaped, shifted[at : at + 128]) for at in range(0, len(shifted), 128)]
        first, last = self.begin + 1, self.begin + len(self.data)
        head = f"=ybegin part={self.number} total={self.count} line=128 size={self.whole} name={self.name}\r\n"
        head += f"=ypart begin={first} end={last}\r\n"
        foot = f"\r\n=yend size={len(self.data)} part={self.number} pcrc32={zlib.crc32(self.data):08x}\r\n"
        return head.encode() + b"\r\n".join(rows) + foot.encode()


def _escaped(match: re.Match[bytes]) -> bytes:
    return b"=" + bytes([(match[0][0] + 64) & 255])


def articles(path: Path, size: int) -> list[Article]:
    """A file in articles of up to `size` bytes each."""
    data = path.read_bytes()
    count = max(1, -(-len(data) // size))
    pieces = [data[at * size : (at + 1) * size] for at in range(count)]
    return [Article(path.name, len(data), at * size, at + 1, count, piece) for at, piece in enumerate(pieces)]


class Poster:
    """Just enough of NNTP to post: RFC 3977's POST and RFC 4643's AUTHINFO."""

    def __init__(self, port: int, user: str, password: str, group: str) -> None:
        self._group = group
        self._socket = socket.create_connection(("127.0.0.1", port), 10)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._answers = self._socket.makefile("rb")
        self._expect("20")
        self._command(f"AUTHINFO USER {user}", "381")
        self._command(f"AUTHINFO PASS {password}", "281")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._command("QUIT", "205")
        self._answers.close()
        self._socket.close()

    def post(self, subject: str, body: bytes) -> str:
        """Post it; the message's id."""
        message_id = f"{uuid.uuid4().hex}@loopback.test"
        self._command("POST", "340")
        head = f"From: {_SENDER}\r\nNewsgroups: {self._group}\r\nSubject: {subject}\r\nMessage-ID: <{message_id}>\r\n"
        self._socket.sendall(head.encode() + b"\r\n" + re.sub(rb"(?m)^\.", b"..", body) + b".\r\n")
        self._expect("240")
        return message_id

    def _command(self, line: str, answer: str) -> None:
        self._socket.sendall(line.encode() + b"\r\n")
        self._expect(answer)

    def _expect(self, answer: str) -> None:
        line = self._answers.readline().decode("latin-1").strip()
        if not line.startswith(answer):
            raise RuntimeError(f"the news server says {line!r} instead of {answer}")


def packed(sources: Iterable[Path], pack: Pack, folder: Path, name: str, password: str | None) -> list[Path]:
    """The files that are posted: the sources themselves, or an archive of them called `name`, made in `folder`."""
    files = list(sources)
    if pack == "plain":
        return [Path(shutil.copy2(file, folder)) for file in files]
    if pack.startswith("rar"):
        volume = 100_000 if pack == "rar-volumes" else 0
        volumes = write_rar({file.name: file.read_bytes() for file in files}, volume=volume, password=password)
        return [_written(folder / _volume_name(name, at, many=bool(volume)), data) for at, data in enumerate(volumes)]
    secret = [f"-p{password}", "-mhe=on"] if password else []
    parts = ["-v100k"] if pack == "7z-volumes" else []
    _run(folder, seven_zip(), "a", "-mx0", *secret, *parts, f"{name}.7z", *map(str, files))
    return sorted(folder.iterdir())


def _volume_name(name: str, at: int, *, many: bool) -> str:
    return f"{name}.part{at + 1:02d}.rar" if many else f"{name}.rar"


def _written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def protect(files: list[Path], percent: int, name: str, block: int) -> list[Path]:
    """Add par2 files that make good `percent` of the data; all files then."""
    folder = files[0].parent
    names = [file.name for file in files]
    if shutil.which("par2") is None:
        missing("par2", "script/test installs it")
    _run(folder, "par2", "create", "-q", "-q", f"-r{percent}", f"-s{block}", "-n1", f"{name}.par2", *names)
    return [*files, *sorted(folder.glob(f"{name}*.par2"))]


def obfuscated(files: list[Path]) -> list[Path]:
    """The same files under names that say nothing, as posters use to hide them; par2 files keep their ending."""
    source = random.Random(7)

    def hidden(file: Path) -> Path:
        return file.rename(file.with_name(source.randbytes(12).hex() + (".par2" if file.suffix == ".par2" else "")))

    return [hidden(file) for file in files]


def seven_zip() -> str:
    """The 7-Zip of this machine, by whichever name; skips the test where there is none."""
    found = next(filter(None, map(shutil.which, ("7zz", "7z", "7za"))), None)
    return found or missing("7-Zip", "script/test installs it")


def unrar() -> str:
    """The unrar of this machine that is not free, by whichever name; skips the test where there is none."""
    kept = cache_folder() / "unrar" / "bin" / "unrar"
    found = next(filter(None, map(shutil.which, ("unrar-nonfree", "unrar", str(kept)))), None)
    return found or missing("unrar", "script/test unpacks it; it is a package of Debian's non-free part")


def _run(folder: Path, *command: str) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}: {done.stdout}{done.stderr}")


def post_files(
    poster: Poster, files: list[Path], group: str, *, size: int, skip: Articles, corrupt: Articles, password: str | None
) -> bytes:
    """Post every file in articles of `size` bytes; the NZB that names them, its head with the password."""
    rows = ['<?xml version="1.0" encoding="UTF-8"?>', '<nzb xmlns="http://www.newzbin.com/DTD/2003/nzb">']
    if password is not None:
        rows.append(f'<head><meta type="password">{escape(password)}</meta></head>')
    for number, file in enumerate(files, 1):
        parts = articles(file, size)
        subject = f'[{number}/{len(files)}] - "{file.name}" yEnc'
        named = quoteattr(f"{subject} (1/{len(parts)})")
        rows += [f'<file poster={quoteattr(_SENDER)} date="{int(time.time())}" subject={named}>']
        rows += [f"<groups><group>{group}</group></groups><segments>"]
        for part in parts:
            body = part.encoded(damaged=corrupt(file.name, part.number))
            lost = skip(file.name, part.number)
            message = f"{uuid.uuid4().hex}@lost.test" if lost else poster.post(f"{subject} ({part.number})", body)
            rows.append(f'<segment bytes="{len(body)}" number="{part.number}">{message}</segment>')
        rows.append("</segments></file>")
    return "\n".join([*rows, "</nzb>\n"]).encode()
