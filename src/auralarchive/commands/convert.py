"""The command `auralarchive convert`: one book, made at the terminal by the same engine as the server's."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import FrameType
from typing import IO, Annotated, Any

import typer
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskProgressColumn, TextColumn
from rich.table import Column
from rich.text import Text

from auralarchive import settings as tree
from auralarchive.audio.arrangement import Group, arrange
from auralarchive.audio.isolated import IsolatedEngine
from auralarchive.audio.probe import probe
from auralarchive.audio.progress import Pace
from auralarchive.audio.report import report
from auralarchive.audio.settings import AudioSettings, Coders, ProofOfCopies
from auralarchive.audio.sources import find_sources
from auralarchive.commands.convert_table import table
from auralarchive.domain.book import Book, pseudo_asin
from auralarchive.domain.failures import FailureKind
from auralarchive.domain.naming import distinct, safe_component
from auralarchive.ports.audio import ConvertRequest, ConvertResult, Doing, Joints
from auralarchive.ports.errors import Cancelled, Misconfigured, PermanentError
from auralarchive.ports.work import CancelToken
from auralarchive.runtime.derived import audio_settings
from auralarchive.terminal import clock, err, out, tell

_MOST_RECIPE_BYTES = 64 * 1024 * 1024
_LONGEST_NAME = 200
_BOOK, _SOUND, _AGAIN = "The book", "Its sound", "Once more"
_Inputs = Annotated[list[Path], typer.Argument(exists=True, help="Audio files, or one folder.")]


def convert(
    inputs: _Inputs,
    output: Annotated[Path, typer.Option("-o", "--output", help="The M4B to write, or a folder for --split.")],
    jobs: Annotated[int | None, typer.Option(min=1, help="Processes at once.", show_default="one a core")] = None,
    only: Annotated[
        str | None, typer.Option(help="Of several books in the folder: the one with this title, file or folder.")
    ] = None,
    split: Annotated[bool, typer.Option("--split", help="Of several books: make each, in the folder -o.")] = False,
    together: Annotated[bool, typer.Option("--together", help="Take all files for one book.")] = False,
    accept_damage: Annotated[
        bool, typer.Option("--accept-damage", help="Go on with sources that are cut or corrupt, and say where.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
    title: Annotated[str | None, typer.Option(help="Title of the book.", rich_help_panel=_BOOK)] = None,
    author: Annotated[str | None, typer.Option(help="Author.", rich_help_panel=_BOOK)] = None,
    narrator: Annotated[str | None, typer.Option(help="Narrator.", rich_help_panel=_BOOK)] = None,
    series: Annotated[
        str | None, typer.Option(help="Series; with its number as “Name #3”.", rich_help_panel=_BOOK)
    ] = None,
    asin: Annotated[str | None, typer.Option(help="ASIN of the edition.", rich_help_panel=_BOOK)] = None,
    cover: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="A picture for the cover.", rich_help_panel=_BOOK)
    ] = None,
    chapters: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="A list of chapters.", rich_help_panel=_BOOK)
    ] = None,
    bitrate: Annotated[str, typer.Option(help="Highest bitrate in kbit/s, or auto.", rich_help_panel=_SOUND)] = "auto",
    coder: Annotated[
        Coders | None,
        typer.Option(help="Of an encode: fast, twoloop (better at low bitrates), or auto.", rich_help_panel=_SOUND),
    ] = None,
    joints: Annotated[
        Joints | None,
        typer.Option(
            help="Where copied files meet: leave the silence (plain), mend what fits exactly (gapless), shorten the "
            "rest too (close), or rather encode (seamless).",
            rich_help_panel=_SOUND,
        ),
    ] = None,
    proof: Annotated[
        ProofOfCopies | None,
        typer.Option(help="Of copies: decode all, or compare the packets only.", rich_help_panel=_SOUND),
    ] = None,
    recipe: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="Do again what this report or recipe tells, with the same files.",
            rich_help_panel=_AGAIN,
        ),
    ] = None,
) -> None:
    """Make one verified M4B of audio files or a folder, with the same engine as the server's.

    AAC is joined without loss, everything else is encoded as well as its source deserves. Nothing of the
    sources is changed. Examples:

    - `auralarchive convert Emma/ -o Emma.m4b`
    - `auralarchive convert 1.mp3 2.mp3 -o Emma.m4b --title Emma --author "Jane Austen" --series "Novels #4"`
    - `auralarchive convert Emma/ -o Emma.m4b --bitrate 48 --joints seamless --json > Emma.json`
    - `auralarchive convert Emma/ -o Again.m4b --recipe Emma.json`

    What was killed goes on where it was, when the same command is given again.
    """
    if split and (only or together or recipe or title or chapters or asin):
        raise typer.BadParameter("--split makes several books: leave out what is for one of them.")
    if recipe is not None and (bitrate, coder, joints) != ("auto", None, None):
        raise typer.BadParameter("the recipe decides: leave out --bitrate, --coder and --joints.")
    book = _book(title, author, narrator, series, asin)
    request = ConvertRequest(
        sources=tuple(path.absolute() for path in inputs),
        work_dir=output.parent,
        book=book,
        bitrate_kbps=_bitrate(bitrate),
        jobs=jobs,
        cover=cover,
        chapters_file=chapters,
        only=only,
        together=together,
        joints=joints,
        accept_damage=accept_damage,
        retag=book is not None or cover is not None,
        recipe=_recipe(recipe) if recipe else None,
    )
    settings = _settings(coder, proof)
    with _interruptible():
        wanted = _each(request, settings, output) if split else [(output, request)]
        for target, _ in wanted:
            if target.exists():
                raise _exists(target)
        told = []
        for target, one in wanted:
            told.append(_reported(one, settings, target))
            if not as_json:
                _show(told[-1])
    if as_json:
        typer.echo(json.dumps(told if split else told[0], indent=2))


def _reported(request: ConvertRequest, settings: AudioSettings, output: Path) -> dict[str, Any]:
    started = time.monotonic()
    result = _made(request, settings, output)
    return report(replace(result, path=output), time.monotonic() - started)


def _each(request: ConvertRequest, settings: AudioSettings, folder: Path) -> list[tuple[Path, ConvertRequest]]:
    """Every book in the sources: its file in `folder`, named for its title, and its request."""
    found = find_sources(request.sources, max_files=settings.max_files)
    groups = arrange([probe(source, tolerant=request.accept_damage) for source in found.audio]).groups
    wanted: dict[str, ConvertRequest] = {}
    for group in groups:
        name = distinct(f"{safe_component(group.title, _LONGEST_NAME)}.m4b", wanted)
        own = _own(group, groups)
        # What was left out of a folder, such as the worse of two copies, stays so only where it is looked at anew.
        wanted[name] = replace(request, sources=own, together=own[0].is_file())
    return [(folder / name, one) for name, one in wanted.items()]


def _own(group: Group, groups: Sequence[Group]) -> tuple[Path, ...]:
    """The book's folder with its cover and all, where that holds nothing of another book; else only its files."""
    files = [probe.source.path for probe in group.probes]
    others = [probe.source.path for other in groups if other is not group for probe in other.probes]
    folder = Path(os.path.commonpath([path.parent for path in files]))
    if any(path.is_relative_to(folder) for path in others):
        return tuple(files)
    return (folder,)


def _show(told: dict[str, Any]) -> None:
    tell(told["path"], style="bold")
    for line in table(told, out.width):
        out.print(line, soft_wrap=True)
    for warning in told["warnings"]:
        tell(f" {warning}", "Note:", "yellow", to=err)


def _settings(coder: Coders | None, proof: ProofOfCopies | None) -> AudioSettings:
    settings = audio_settings(tree.read())
    return replace(settings, coder=coder or settings.coder, proof=proof or settings.proof)


def _bitrate(text: str) -> int | None:
    number = text.removesuffix("k")
    if text == "auto":
        return None
    if not number.isdecimal() or not 16 <= int(number) <= 512:
        raise typer.BadParameter("--bitrate is auto, or 16 to 512 in kbit/s.")
    return int(number)


def _recipe(file: Path) -> dict[str, Any]:
    """What the file holds; the engine knows whether that can be followed."""
    try:
        with file.open("rb") as opened:
            held = json.loads(opened.read(_MOST_RECIPE_BYTES))
    except (ValueError, RecursionError):
        held = None
    if not isinstance(held, dict):
        raise typer.BadParameter(f"{file} is no report and no recipe: those are JSON objects.")
    return held


def _book(
    title: str | None, author: str | None, narrator: str | None, series: str | None, asin: str | None
) -> Book | None:
    if not any((title, author, narrator, series, asin)):
        return None
    name, _, part = (series or "").partition("#")
    known_title, known_author = title or "", author or ""
    return Book(
        asin=asin or pseudo_asin(known_title, known_author),
        title=known_title,
        author=known_author,
        narrator=narrator,
        series=name.strip() or None,
        series_part=part.strip() or None,
    )


# The work


def _made(request: ConvertRequest, settings: AudioSettings, output: Path) -> ConvertResult:
    with _workplace(output) as (work, units), _watched() as watch:
        request = replace(request, work_dir=work, resume_dir=units)
        result = IsolatedEngine(settings).convert(request, watch.at, CancelToken(), watch.doing)
        _publish(result.path, output, private=result.mode != "keep")
    return result


@contextmanager
def _workplace(output: Path) -> Iterator[tuple[Path, Path]]:
    """A hidden folder beside the output, named for it: (for the work, for finished parts of an encode).

    So the same command finds the finished parts of one that was killed. Otherwise nothing is left behind, unless
    time may mend what went wrong.
    """
    folder = output.absolute().parent / f".auralarchive-{hashlib.sha256(output.name.encode()).hexdigest()[:16]}"
    work, units = folder / "work", folder / "units"
    with _writing(output):
        folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder, output):
        shutil.rmtree(work, ignore_errors=True)
        with _writing(output):
            work.mkdir()
        try:
            yield work, units
        except (KeyboardInterrupt, Cancelled, PermanentError):
            shutil.rmtree(folder, ignore_errors=True)
            raise
        except BaseException:
            shutil.rmtree(work, ignore_errors=True)
            with suppress(OSError):  # parts are there: they stay
                folder.rmdir()
            raise
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _alone(folder: Path, output: Path) -> Iterator[None]:
    """Two commands for one output would take each other's folder away."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with suppress(OSError):  # some network disks know no locks
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise typer.BadParameter(f"{output} is being made by another command.") from None
        yield
    finally:
        os.close(descriptor)


def _publish(made: Path, output: Path, *, private: bool) -> None:
    """Put the file there without ever replacing one that has appeared meanwhile."""
    with _writing(output):
        if private:
            with suppress(OSError):  # no hard links there: it is copied
                output.hardlink_to(made)
                return
        # A source that is kept as it is gets a copy: two names of one file would change together.
        with made.open("rb") as source, _new(output) as target:
            try:
                shutil.copyfileobj(source, target, 1 << 20)
            except BaseException:
                output.unlink()  # half a book looks like one
                raise


def _new(output: Path) -> IO[bytes]:
    try:
        return output.open("xb")
    except FileExistsError:
        raise _exists(output) from None


def _exists(output: Path) -> typer.BadParameter:
    return typer.BadParameter(f"{output} exists already; it is never overwritten. Name another file.")


@contextmanager
def _writing(output: Path) -> Iterator[None]:
    """The disk's refusals in words."""
    try:
        yield
    except OSError as error:
        raise Misconfigured(
            f"{output} cannot be written: {error.strerror}.",
            "Name another folder, or check this one's owner and its free space.",
            kind=FailureKind.PERMISSION,
        ) from error


# To be stopped


class _Stopped(KeyboardInterrupt):
    """By a signal, whichever."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def _interruptible() -> Iterator[None]:
    """Ctrl-C and its kin end the work at once, tidily: the first one counts, a second changes nothing."""

    def stop(number: int, _frame: FrameType | None) -> None:
        for each in _SIGNALS:
            signal.signal(each, signal.SIG_IGN)
        raise _Stopped(number)

    before = {each: signal.signal(each, stop) for each in _SIGNALS}
    try:
        yield
    except _Stopped as stopped:
        tell("Stopped. Nothing was left behind.", to=err)
        raise typer.Exit(128 + stopped.number) from None
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


# To be watched

_WORDS = {
    "probe": "Looking",
    "coder": "Trying",
    "encode": "Encoding",
    "joints": "Joining",
    "write": "Joining",
    "verify": "Checking",
}
_WIDE = 60


class _Watch(ProgressColumn):
    """What is known of the work, from the engine; shown as the speed and the time that is left."""

    max_refresh = 0.5

    def __init__(self, times: str) -> None:
        super().__init__(table_column=Column(no_wrap=True))
        self._times = times
        self._pace = Pace()
        self._seconds = 0.0
        self._on_change: Callable[..., None] = lambda **change: None

    def begin(self, progress: Progress) -> None:
        self._on_change = partial(progress.update, progress.add_task(_WORDS["probe"], total=1.0))

    def at(self, part: float) -> None:
        """So much is done."""
        self._pace.at(part)
        self._on_change(completed=part)

    def doing(self, doing: Doing) -> None:
        """That is done now."""
        self._seconds = doing.seconds
        if doing.phase in _WORDS:
            self._on_change(description=_WORDS[doing.phase])

    def render(self, task: Task) -> Text:
        rate, left = self._pace.rate, self._pace.left
        if rate is None or left is None:
            return Text("")
        return Text(f"{rate * self._seconds:,.0f}{self._times}, {clock(left)} left")


@contextmanager
def _watched() -> Iterator[_Watch]:
    """A bar on a terminal; nothing anywhere else."""
    wide = err.width >= _WIDE
    watch = _Watch("× real time" if wide else "×")
    words = TextColumn("{task.description:8}", table_column=Column(no_wrap=True))
    columns = (words, *([BarColumn(bar_width=None)] if wide else []), TaskProgressColumn(), watch)
    with Progress(*columns, console=err, transient=True, expand=wide, disable=not err.is_terminal) as progress:
        watch.begin(progress)
        yield watch
