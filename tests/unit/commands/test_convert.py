"""The command `auralarchive convert` in a process of its own: made, watched, stopped, killed and done again."""

from __future__ import annotations

import errno
import json
import os
import pty
import re
import shutil
import signal
import struct
import subprocess
import termios
from fcntl import ioctl
from pathlib import Path
from typing import IO, Any

import pytest
from mutagen.mp4 import MP4

from auralarchive.commands.convert import _publish
from auralarchive.ports.errors import Misconfigured
from tests.support.audio import encode, make_book, make_m4b, picture, voice
from tests.support.commands import environment, run
from tests.support.processes import wait_for
from tests.support.server import PROGRAM

pytestmark = pytest.mark.timeout(300)  # an hour's quarter of sound is made and encoded several times


def test_convert_makes_a_book_and_never_overwrites(tmp_path: Path) -> None:
    make_book(tmp_path / "book", chapters=2, seconds=2, codec="mp3")
    output = tmp_path / "out" / "Emma.m4b"
    arguments = ("convert", str(tmp_path / "book"), "-o", str(output), "--title", "Emma", "--author", "Jane Austen")
    made = run(tmp_path, *arguments, "--series", "Novels #4", "--json")
    assert made.returncode == 0, made.stderr
    told = json.loads(made.stdout)
    assert (told["mode"], len(told["chapters"])) == ("encode", 2)
    tags = MP4(output)
    assert (tags["\xa9nam"], tags["\xa9ART"]) == (["Emma"], ["Jane Austen"])
    assert sorted(path.name for path in output.parent.iterdir()) == ["Emma.m4b"]
    before = output.read_bytes()
    again = run(tmp_path, *arguments)
    assert (again.returncode, "never overwritten" in again.stderr) == (2, True)
    assert output.read_bytes() == before


def test_brackets_in_a_name_are_no_markup(tmp_path: Path) -> None:
    """Releases are named so; Rich would swallow `[eng]` and break on `[/x]`."""
    make_book(tmp_path / "book", chapters=1, seconds=1, codec="mp3")
    output = tmp_path / "out [eng]" / "Emma [/x].m4b"
    made = run(tmp_path, "convert", str(tmp_path / "book"), "-o", str(output), COLUMNS="40")
    assert made.returncode == 0, made.stderr
    assert made.stdout.splitlines()[0] == str(output)


def test_a_book_that_is_kept_does_not_share_its_file(tmp_path: Path) -> None:
    """Two names of one file would change together: the source must stay what it is."""
    make_book(tmp_path / "book", chapters=2, seconds=2, codec="mp3")
    first, second = tmp_path / "first.m4b", tmp_path / "second.m4b"
    run(tmp_path, "convert", str(tmp_path / "book"), "-o", str(first))
    result = run(tmp_path, "convert", str(first), "-o", str(second))
    assert result.returncode == 0, result.stderr
    assert first.stat().st_ino != second.stat().st_ino
    assert (first.stat().st_nlink, second.stat().st_nlink) == (1, 1)


def test_a_folder_that_cannot_be_made_is_told_with_a_remedy(tmp_path: Path) -> None:
    make_book(tmp_path / "book", chapters=1, seconds=1, codec="mp3")
    (tmp_path / "file").write_text("in the way")
    result = run(tmp_path, "convert", str(tmp_path / "book"), "-o", str(tmp_path / "file" / "Emma.m4b"))
    assert (result.returncode, "Name another folder" in result.stderr) == (1, True)


def test_a_copy_that_breaks_off_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a book looks like one, and would stand in the way of the next attempt."""

    def full(_source: object, target: IO[bytes], _length: int) -> None:
        target.write(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(shutil, "copyfileobj", full)
    (tmp_path / "made.m4b").write_bytes(b"whole book")
    with pytest.raises(Misconfigured, match="No space left"):
        _publish(tmp_path / "made.m4b", tmp_path / "Emma.m4b", private=False)
    assert not (tmp_path / "Emma.m4b").exists()


@pytest.mark.parametrize("bitrate", ["fast", "8"])
def test_a_bitrate_that_is_none_is_refused(tmp_path: Path, bitrate: str) -> None:
    (tmp_path / "a.mp3").write_bytes(b"x")
    result = run(tmp_path, "convert", str(tmp_path / "a.mp3"), "-o", str(tmp_path / "b.m4b"), "--bitrate", bitrate)
    assert (result.returncode, "16 to 512" in result.stderr) == (2, True)


def test_what_is_no_audio_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "a.mp3").write_bytes(b"no audio")
    result = run(tmp_path, "convert", str(tmp_path / "a.mp3"), "-o", str(tmp_path / "b.m4b"))
    assert result.returncode == 1
    assert result.stderr.strip()
    assert [path.name for path in tmp_path.iterdir() if path.name != "data"] == ["a.mp3"]


def test_options_reach_the_engine(tmp_path: Path) -> None:
    make_book(tmp_path / "book", chapters=2, seconds=2, codec="m4a")
    output = tmp_path / "Emma.m4b"
    options = ("--joints", "seamless", "--coder", "fast", "--bitrate", "40", "--only", "The Test Book")
    made = run(tmp_path, "convert", str(tmp_path / "book"), "-o", str(output), *options, "--json")
    assert made.returncode == 0, made.stderr
    decisions = json.loads(made.stdout)["recipe"]["decisions"]
    assert (decisions["coder"], decisions["bitrate_kbps"], decisions["copied"]) == ("fast", 40, [False, False])
    copied = run(
        tmp_path, "convert", str(tmp_path / "book"), "-o", str(tmp_path / "2.m4b"), "--proof", "packets", "--json"
    )
    told = json.loads(copied.stdout)
    assert (told["mode"], told["verification"]["decoded_samples"]) == ("remux", None)


def test_of_several_books_one_or_each_or_all_together(tmp_path: Path) -> None:
    """What the refusal offers can be typed; a book with a folder of its own keeps the cover in it."""
    books = tmp_path / "books"
    for title, colour in (("Emma", (9, 9, 9)), ("Persuasion", (99, 99, 99))):
        make_book(books / title, chapters=2, seconds=2, title=title)
        (books / title / "cover.jpg").write_bytes(picture(200, colour=colour))
    arguments = ("convert", str(books), "--json", "-o")
    refused = run(tmp_path, *arguments, str(tmp_path / "1.m4b"))
    assert refused.returncode == 1
    assert all(option in refused.stderr for option in ("--only", "--split", "--together"))
    one = json.loads(run(tmp_path, *arguments, str(tmp_path / "1.m4b"), "--only", "Persuasion").stdout)
    assert [entry["name"].partition("/")[0] for entry in one["recipe"]["inputs"]] == ["Persuasion", "Persuasion"]
    each = json.loads(run(tmp_path, *arguments, str(tmp_path / "each"), "--split").stdout)
    assert sorted(path.name for path in (tmp_path / "each").iterdir()) == ["Emma.m4b", "Persuasion.m4b"]
    assert len({told["cover"]["sha256"] for told in each}) == 2
    both = json.loads(run(tmp_path, *arguments, str(tmp_path / "2.m4b"), "--together").stdout)
    assert len(both["recipe"]["inputs"]) == 4
    twice = run(tmp_path, *arguments, str(tmp_path / "each"), "--split")
    assert (twice.returncode, "never overwritten" in twice.stderr) == (2, True)


def test_damage_is_taken_where_a_person_says_so(tmp_path: Path) -> None:
    (path,) = make_book(tmp_path / "book", chapters=1, seconds=20)
    data = bytearray(path.read_bytes())
    data[60_000:80_000] = bytes(20_000)
    path.write_bytes(data)
    arguments = ("convert", str(path), "-o", str(tmp_path / "Emma.m4b"))
    refused = run(tmp_path, *arguments)
    assert (refused.returncode, path.name in refused.stderr) == (1, True)
    taken = run(tmp_path, *arguments, "--accept-damage")
    assert (taken.returncode, path.name in taken.stderr) == (0, True), taken.stderr
    assert sorted(each.name for each in tmp_path.iterdir()) == ["Emma.m4b", "book"]


# Read by a person


def test_what_is_piped_is_plain_and_fits(tmp_path: Path) -> None:
    make_book(tmp_path / "book", chapters=12, seconds=1, codec="m4a", cover=True)
    output = tmp_path / "Emma.m4b"
    made = run(tmp_path, "convert", str(tmp_path / "book"), "-o", str(output), COLUMNS="60", TERM="xterm-256color")
    lines = made.stdout.splitlines()
    assert lines[0] == str(output)
    assert max(map(len, lines[1:])) <= 60
    assert all(line == line.rstrip() and "\x1b" not in line for line in lines)
    text = re.sub(r"\s+", " ", made.stdout)
    assert "Way copied without loss: all sources are AAC of one kind" in text
    assert "Length 0:00:12" in text
    assert "Joints 11 between copied files" in text
    assert "Chapters 12 (one a file) 0:00:00 Chapter 1 " in text
    assert "… 5 more" in text
    assert "Checked all" in text
    assert made.stderr == ""


@pytest.fixture(scope="module")
def long_book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Long enough to be watched and to be stopped midway; and it is cut in many parts."""
    return encode(tmp_path_factory.mktemp("long") / "long.flac", voice(1, 900, 22050), "flac", rate=22050)


def _at_a_terminal(folder: Path, columns: int, *arguments: str) -> str:
    """What a terminal of so many columns is sent."""
    ours, theirs = pty.openpty()
    ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    wanted = {key: value for key, value in environment(folder, TERM="xterm").items() if key != "COLUMNS"}
    with subprocess.Popen([PROGRAM, *arguments], env=wanted, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        said = bytearray()
        while data := _read(ours):
            said += data
    os.close(ours)
    assert process.returncode == 0, said.decode()
    return said.decode()


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65536)
    except OSError:  # Linux's word for a terminal that nobody holds any more
        return b""


@pytest.mark.parametrize("columns", [40, 80])
def test_at_a_terminal_a_bar_goes_before_the_table(tmp_path: Path, long_book: Path, columns: int) -> None:
    output = str(tmp_path / "Emma.m4b")
    said = _at_a_terminal(tmp_path, columns, "convert", str(long_book), "-o", output, "--jobs", "1")
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", said)
    frames = [frame.rstrip() for frame in re.split(r"[\r\n]+", shown)]
    bars = [frame for frame in frames if re.match(r"(Looking|Encoding|Joining|Checking) ", frame)]
    assert any(re.match(r"Encoding .*\d+%.* \d+×( real time)?, 0:00:\d\d left$", bar) for bar in bars), bars
    assert max(map(len, bars)) <= columns
    assert ("━" in "".join(bars)) == (columns == 80)
    assert "Checked" in shown.partition(output)[2]


# Stopped and killed


def _started(folder: Path, source: Path, output: Path, *more: str) -> subprocess.Popen[str]:
    command = [PROGRAM, "convert", str(source), "-o", str(output), "--jobs", "1", "--json", *more]
    return subprocess.Popen(command, env=environment(folder), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _units(folder: Path) -> list[Path]:
    """Finished parts of an encode."""
    return [path for path in folder.glob(".auralarchive-*/units/*") if not path.name.startswith("new-")]


def _below(pid: int) -> list[int]:
    """Every process below this one."""
    tasks = Path(f"/proc/{pid}/task")
    found = [int(word) for task in tasks.iterdir() for word in (task / "children").read_text().split()]
    return found + [below for child in found for below in _below(child)]


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_it_ends_at_once_and_leaves_nothing(tmp_path: Path, long_book: Path, number: signal.Signals) -> None:
    out = tmp_path / "out"
    process = _started(tmp_path, long_book, out / "Emma.m4b")
    wait_for(lambda: _units(out), timeout=60)
    below = wait_for(lambda: len(found := _below(process.pid)) >= 2 and found)
    process.send_signal(number)
    said = process.communicate(timeout=60)[1]
    wait_for(lambda: not any(map(_lives, below)) and not list(out.iterdir()))
    assert (process.returncode, said) == (128 + number, "Stopped. Nothing was left behind.\n")


def test_after_a_kill_the_same_command_goes_on(tmp_path: Path, long_book: Path) -> None:
    """A crash, a power cut: what was encoded once is not encoded again, and the book is the same."""
    out = tmp_path / "out"
    process = _started(tmp_path, long_book, out / "Emma.m4b")
    finished = wait_for(lambda: len(_units(out)) >= 3 and len(_units(out)), timeout=60)
    below = _below(process.pid)
    process.kill()
    process.communicate()
    wait_for(lambda: not any(map(_lives, below)))
    again = _started(tmp_path, long_book, out / "Emma.m4b")
    told: dict[str, Any] = json.loads(again.communicate(timeout=100)[0])
    assert again.returncode == 0
    assert finished <= told["segments"]["reused"] < told["segments"]["count"]
    assert [path.name for path in out.iterdir()] == ["Emma.m4b"]
    whole = run(tmp_path, "convert", str(long_book), "-o", str(tmp_path / "whole.m4b"), "--json")
    assert json.loads(whole.stdout)["sha256"] == told["sha256"]


def test_two_for_one_output_do_not_meet(tmp_path: Path, long_book: Path) -> None:
    process = _started(tmp_path, long_book, tmp_path / "Emma.m4b")
    try:
        wait_for(lambda: list(tmp_path.glob(".auralarchive-*/*/scratch")), timeout=60)
        process.send_signal(signal.SIGSTOP)  # it must not be done before the other one has looked
        second = run(tmp_path, "convert", str(long_book), "-o", str(tmp_path / "Emma.m4b"))
        assert (second.returncode, "another command" in second.stderr) == (2, True)
        assert process.poll() is None
    finally:
        process.send_signal(signal.SIGCONT)
        process.terminate()
        process.communicate()


# Once more


def test_a_report_is_a_recipe(tmp_path: Path) -> None:
    """The same files, the same decisions, the same bytes; and a file that has changed is named."""
    paths = make_book(tmp_path / "book", chapters=2, seconds=2)
    first = run(tmp_path, "convert", str(tmp_path / "book"), "-o", str(tmp_path / "1.m4b"), "--bitrate", "48", "--json")
    (tmp_path / "report.json").write_text(first.stdout)
    arguments = ("convert", str(tmp_path / "book"), "--recipe", str(tmp_path / "report.json"), "-o")
    again = run(tmp_path, *arguments, str(tmp_path / "2.m4b"))
    assert (again.returncode, again.stderr) == (0, "")
    assert "the same file again, bit for bit" in again.stdout
    assert (tmp_path / "1.m4b").read_bytes() == (tmp_path / "2.m4b").read_bytes()
    encode(paths[0], voice(9, 2), "mp3")
    other = run(tmp_path, *arguments, str(tmp_path / "3.m4b"))
    assert (other.returncode, f"{paths[0].name} is not the file of the recipe" in other.stderr) == (1, True)
    assert not (tmp_path / "3.m4b").exists()


def test_what_cannot_be_a_recipe_is_refused(tmp_path: Path) -> None:
    make_m4b(tmp_path / "book.m4b", chapters=1, seconds=1)
    arguments = ("convert", str(tmp_path / "book.m4b"), "-o", str(tmp_path / "2.m4b"), "--recipe")
    for content, code, told in (("[" * 100_000, 2, "no report and no recipe"), ('{"format": 9}', 1, "no recipe")):
        (tmp_path / "recipe.json").write_text(content)
        result = run(tmp_path, *arguments, str(tmp_path / "recipe.json"))
        assert (result.returncode, told in result.stderr) == (code, True), result.stderr
    both = run(tmp_path, *arguments, str(tmp_path / "recipe.json"), "--coder", "fast")
    assert (both.returncode, "the recipe decides" in both.stderr) == (2, True)
