"""The library on disk.

How a book gets in. All its files are put into `<root>/.auralarchive/<token>/book`, verified and
synced. Then this folder is renamed to where the book belongs: one step, all or nothing. `rename` of
a folder never replaces a file, a link or a folder with anything in it, so nothing of a person's is
ever overwritten, whoever else writes at the same time.

After a crash there is either nothing of the book in the library, or all of it. The next attempt
finds all of it and compares: the same content counts as done. Other content of the same download,
which the note beside the staged book (`intent.py`) tells, is taken back and published anew. All else
that is in the way is a conflict for a person, and stays as it is.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from auralarchive.domain.failures import FailureKind
from auralarchive.domain.naming import DEFAULT_TEMPLATE, parse_template
from auralarchive.failpoints import failpoint
from auralarchive.library import intent, tree
from auralarchive.library.checks import check_library
from auralarchive.library.compare import OLDER, already_there, conflict, difference, take_back
from auralarchive.library.drafts import DRAFTS, STAGING
from auralarchive.library.faults import linked_folder, no_space, writing
from auralarchive.library.plan import Piece, Plan, make_plan
from auralarchive.library.sources import opened_source
from auralarchive.library.transfer import Meter, Staged, free_bytes, has_plain_mode, normalise_private, place
from auralarchive.ports.clients import Finding
from auralarchive.ports.errors import AuralError, Damaged, InvalidInput, Misconfigured, TransientError
from auralarchive.ports.library import ImportRequest, LibraryFile, Published
from auralarchive.ports.work import CancelToken, Progress

_BOOK = "book"
_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,100}", re.ASCII)
_WHAT = "the library"


@dataclass(frozen=True, slots=True)
class LibrarySettings:
    """How books are laid out and written. `reserve_bytes` always stay free; modes are those of new files.

    `download_folders` are where clients put what they fetch: below them no link is followed.
    """

    template: str = DEFAULT_TEMPLATE
    reserve_bytes: int = 1 << 30
    download_folders: tuple[Path, ...] = ()
    file_mode: int = 0o644
    folder_mode: int = 0o755


class FilesystemLibrary:
    """The `Library` port over a folder of the local file system.

    `used_folders` tells which download folders `check` is to look at; without it, all of the settings.
    Raises `BadTemplate` when made with a naming template that we refuse.
    """

    def __init__(
        self,
        root: Path,
        settings: LibrarySettings | None = None,
        used_folders: Callable[[], tuple[Path, ...]] | None = None,
    ) -> None:
        self._root, self._used_folders = root.absolute(), used_folders
        self._settings = settings or LibrarySettings()
        self._template = parse_template(self._settings.template)
        # A client may name a folder by its real path where ours is a link to it.
        folders = self._settings.download_folders
        self._roots = (*folders, *(Path(os.path.realpath(folder)) for folder in folders))

    @property
    def root(self) -> Path:
        return self._root

    def publish(self, request: ImportRequest, progress: Progress, cancel: CancelToken) -> Published:
        """Stage, verify, sync, then rename into place. See the port."""
        _check_token(request.token)
        with self._opened() as root:
            return self._publish(root, request, progress, cancel)

    def withdraw(self, download_id: int, files: tuple[LibraryFile, ...]) -> None:
        """Move the untouched book into a staging folder of its own, and remove that. See the port."""
        token, meter = f"withdraw-{download_id}", Meter(lambda _: None, CancelToken())
        with self._opened() as root, writing(_WHAT), self._staging_folder(root, token) as staging:
            for published in (_manifest(download_id, files), *self._noted(root, download_id)):
                if published.files:
                    take_back(root, staging, published, meter)
                    tree.remove_tree(staging, OLDER)
            for other in _tokens(root):
                note = _note(root, other)
                if note is not None and note.download_id == download_id:
                    _remove_staging(root, other)

    def _noted(self, root: int, download_id: int) -> list[intent.Intent]:
        notes = [_note(root, token) for token in _tokens(root)]
        return [note for note in notes if note is not None and note.download_id == download_id]

    def verify(self, files: tuple[LibraryFile, ...]) -> tuple[Finding, ...]:
        """One finding a file that is missing or differs from its manifest."""
        with self._opened() as root:
            findings = [difference(root, file) for file in files]
        return tuple(finding for finding in findings if finding is not None)

    def discard(self, token: str) -> None:
        """Remove the staging folder of a claim, where there is one."""
        _check_token(token)
        with self._opened() as root, writing(_WHAT):
            _unstage(root, token)

    def staging(self) -> tuple[str, ...]:
        """Tokens of the staging folders that exist."""
        with self._opened() as root, writing(_WHAT):
            return _tokens(root)

    def check(self) -> tuple[Finding, ...]:
        """Whether it is there, writable, has space, and can take hard links."""
        settings = self._settings
        folders = settings.download_folders if self._used_folders is None else self._used_folders()
        return check_library(self._root, STAGING, folders, settings.reserve_bytes)

    @contextmanager
    def _opened(self) -> Iterator[int]:
        """The root's descriptor. The root is never made here: an empty mount point must not fill up."""
        with ExitStack() as stack:
            try:
                root = stack.enter_context(tree.opened_root(self._root))
            except OSError as error:
                raise self._not_there(error) from error
            yield root

    def _not_there(self, error: OSError) -> AuralError:
        """A disk that is not mounted comes back; who may not enter has to be let in by a person."""
        what = f"The library's folder {self._root} cannot be opened: {error.strerror}."
        remedy = "Mount its disk, check its permissions, or choose another folder under Settings, Library."
        if error.errno in (errno.EACCES, errno.EPERM):
            return Misconfigured(what, remedy, kind=FailureKind.PERMISSION)
        return TransientError(what, remedy, kind=FailureKind.LIBRARY_UNAVAILABLE)

    def _publish(self, root: int, request: ImportRequest, progress: Progress, cancel: CancelToken) -> Published:
        cancel.check()
        self._check_places(request)
        plan = make_plan(request, self._template, self._roots)
        self._check_space(root, plan)
        meter = _Gauge(progress, _bytes_to_read(plan, self._roots)).meter(cancel)
        nothing = intent.Intent(request.download_id, plan.folders, {})
        with self._staging_folder(root, request.token, keep=request.keeps_note) as staging:
            intent.save(staging, nothing)
            failpoint("import.before_stage")
            staged = self._stage(staging, plan, request, meter)
            _check_audio(request, staged[plan.audio.name])
            hashes = {name: file.sha256 for name, file in staged.items()}
            intent.save(staging, replace(nothing, files=hashes))
            failpoint("import.staged")
            with writing(f"“{plan.label}” in the library"):
                self._take_back_older(root, staging, request, hashes, meter)
                cancel.check()
                staged = self._into_place(root, staging, plan, staged, meter)
            if not request.keeps_note:
                intent.save(staging, nothing)
                failpoint("import.after_intent")
        return self._published(plan, staged)

    # -- before anything is written

    def _check_places(self, request: ImportRequest) -> None:
        """Refuse sources that overlap the library: we would import the library into itself."""
        library = Path(os.path.realpath(self._root))
        for path in (request.audio, *([request.cover] if request.cover else []), *request.companions):
            real = Path(os.path.realpath(path))
            ours = request.private and real.is_relative_to(library / STAGING)
            ours = ours and not real.is_relative_to(library / STAGING / request.token)
            if library.is_relative_to(real) or (real.is_relative_to(library) and not ours):
                raise Misconfigured(
                    f"The download {path} overlaps the library {self._root}.",
                    "Let the download client save outside of the library, and check the path mappings.",
                    kind=FailureKind.PATH_MAPPING,
                )

    def _check_space(self, root: int, plan: Plan) -> None:
        """Room for what has to be copied, and a tenth more; hard links need none."""
        device = os.fstat(root).st_dev
        need = 0
        for piece in plan.pieces:
            with opened_source(piece.source, self._roots) as source:
                info = os.fstat(source)
                linkable = piece.link and info.st_dev == device and has_plain_mode(info)
                need += 0 if linkable else info.st_size
        with writing(_WHAT):
            if need and free_bytes(root) < need + need // 10 + self._settings.reserve_bytes:
                raise no_space(_WHAT)

    # -- staging

    @contextmanager
    def _staging_folder(self, root: int, token: str, *, keep: bool = False) -> Iterator[int]:
        """An empty staging folder, gone afterwards whatever happens; or only after a failure, with `keep`."""
        with writing(_WHAT):
            _remove_staging(root, token)
            done = False
            try:
                with tree.folder(root, [STAGING, token], mode=0o700) as staging:
                    yield staging
                done = True
            finally:
                # What stays behind on a failing disk shows up in `staging()` and is discarded
                # later; the failure that brought us here matters more.
                with suppress(OSError):
                    if not (done and keep):
                        _unstage(root, token)

    def _stage(self, staging: int, plan: Plan, request: ImportRequest, meter: Meter) -> dict[str, Staged]:
        with tree.folder(staging, [_BOOK], mode=self._settings.folder_mode) as book:
            # A folder that hands its group on (setgid) keeps doing so.
            os.fchmod(book, self._settings.folder_mode | os.fstat(book).st_mode & 0o2000)
            staged = {}
            for piece in plan.pieces:
                failpoint(f"import.before_{piece.role}")
                staged[piece.name] = self._place(book, piece, request.private, meter)
                failpoint(f"import.after_{piece.role}")
            os.fsync(book)
        os.fsync(staging)
        return staged

    def _place(self, book: int, piece: Piece, private: bool, meter: Meter) -> Staged:
        mode = self._settings.file_mode
        with opened_source(piece.source, self._roots) as source:
            before = os.fstat(source)
            if private and piece.role == "audio":
                normalise_private(source, mode)
            staged = place(source, book, piece.name, mode, self._settings.reserve_bytes, meter, link=piece.link)
            after = os.fstat(source)
        if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
            raise _changed(piece.source)
        return staged

    # -- publishing

    def _take_back_older(
        self, root: int, staging: int, request: ImportRequest, hashes: Mapping[str, str], meter: Meter
    ) -> None:
        """Undo what an interrupted attempt of the same download has published with other content."""
        for token in _tokens(root):
            if token == request.token:
                continue
            older = _note(root, token)
            if older is None or older.download_id != request.download_id:
                continue
            if older.files and older.files != hashes:
                take_back(root, staging, older, meter)
            _remove_staging(root, token)

    def _into_place(
        self, root: int, staging: int, plan: Plan, staged: dict[str, Staged], meter: Meter
    ) -> dict[str, Staged]:
        present = already_there(root, plan, staged, meter)
        if present is not None:
            return present
        with tree.folder(root, plan.folders[:-1], mode=self._settings.folder_mode) as parent:
            failpoint("import.before_publish")
            try:
                os.rename(_BOOK, plan.folders[-1], src_dir_fd=staging, dst_dir_fd=parent)
            except OSError as error:
                if error.errno not in (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR):
                    raise
                raise conflict(plan) from error
            failpoint("import.after_publish")
            os.fsync(parent)
            os.fsync(staging)
            failpoint("import.after_publish_synced")
        self._check_inside(root, plan, staged)
        failpoint("import.after_publish_verified")
        return staged

    def _check_inside(self, root: int, plan: Plan, staged: Mapping[str, Staged]) -> None:
        """The book is where its path says, below the root: looked up anew, following no link."""
        for name, file in staged.items():
            with tree.file_below(root, [*plan.folders, name]) as descriptor:
                info = os.fstat(descriptor)
            if (info.st_dev, info.st_ino) != file.inode:
                raise linked_folder(f"“{plan.label}”")

    def _published(self, plan: Plan, staged: Mapping[str, Staged]) -> Published:
        files = tuple(
            LibraryFile(
                path="/".join((*plan.folders, piece.name)),
                role=piece.role,
                size=staged[piece.name].size,
                sha256=staged[piece.name].sha256,
                method=staged[piece.name].method,
            )
            for piece in plan.pieces
        )
        return Published(files, self._root / files[0].path)


class _Gauge:
    """Turns bytes read into a part of the whole."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress, self._total, self._done = progress, total, 0

    def meter(self, cancel: CancelToken) -> Meter:
        return Meter(self._moved, cancel)

    def _moved(self, count: int) -> None:
        self._done += count
        self._progress(min(1.0, self._done / max(1, self._total)))


def _bytes_to_read(plan: Plan, roots: tuple[Path, ...]) -> int:
    total = 0
    for piece in plan.pieces:
        with opened_source(piece.source, roots) as source:
            size = os.fstat(source).st_size
        total += size if piece.link else 2 * size
    return total


def _check_token(token: str) -> None:
    if not _TOKEN.fullmatch(token):
        raise InvalidInput(
            "The claim's token is no plain word.", "Please report this as a bug.", kind=FailureKind.UNSAFE_PATH
        )


def _check_audio(request: ImportRequest, audio: Staged) -> None:
    if audio.sha256 != request.audio_sha256.lower():
        raise _changed(request.audio)


def _changed(path: Path) -> Damaged:
    return Damaged(
        f"“{path.name}” is not what it was when it was verified.",
        "Find out what writes to the file, then retry; the book is verified anew.",
        kind=FailureKind.VERIFICATION_FAILED,
    )


def _tokens(root: int) -> tuple[str, ...]:
    try:
        with tree.folder(root, [STAGING]) as staging:
            names = (name for name in tree.listing(staging) if name != DRAFTS)
            return tuple(sorted(name for name in names if _TOKEN.fullmatch(name)))
    except FileNotFoundError:
        return ()


def _manifest(download_id: int, files: tuple[LibraryFile, ...]) -> intent.Intent:
    """The manifest as the note that it once was: all files of a book lie in one folder."""
    folders = tuple(files[0].path.split("/")[:-1]) if files else ()
    return intent.Intent(download_id, folders, {file.path.split("/")[-1]: file.sha256 for file in files})


def _note(root: int, token: str) -> intent.Intent | None:
    """The note in another staging folder; that folder may be going away at this moment."""
    try:
        with tree.folder(root, [STAGING, token]) as other:
            return intent.load(other)
    except (FileNotFoundError, NotADirectoryError):
        return None


def _unstage(root: int, token: str) -> None:
    failpoint("import.before_unstage")
    _remove_staging(root, token)
    failpoint("import.after_unstage")


def _remove_staging(root: int, token: str) -> None:
    with suppress(FileNotFoundError), tree.folder(root, [STAGING]) as staging:
        tree.remove_tree(staging, token)
