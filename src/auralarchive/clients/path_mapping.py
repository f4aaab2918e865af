"""From the client's view of a path to ours, and in plain words why not.

A client on another machine or in a container names its files by its own paths. A mapping says which
of its folders is which of ours. Prefixes are compared by whole components (`/data` is no prefix of
`/database`), Windows paths without regard to case, with either separator. When the result is not
there, one of five diagnoses says which setting to look at: that is where most people are lost.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, Field, field_validator

from auralarchive.clients.display import display_text, has_control_characters
from auralarchive.ports.errors import Misconfigured

_WINDOWS = re.compile(r"[A-Za-z]:[\\/]|\\\\")


class PathMapping(BaseModel):
    """One folder as the client names it, and as we see it."""

    remote: str = Field(title="Folder in the client", description="As the client shows it, e.g. /downloads")
    local: str = Field(
        title="Folder here",
        description="The same folder as AuralArchive sees it",
        json_schema_extra={"format": "folder"},
    )

    @field_validator("remote")
    @classmethod
    def _some_folder(cls, value: str) -> str:
        if not _parts(value):
            raise ValueError("name a folder below the root, with its full path")
        return value

    @field_validator("local")
    @classmethod
    def _some_local_folder(cls, value: str) -> str:
        if not Path(value).is_absolute() or Path(os.path.normpath(value)) == Path("/"):
            raise ValueError("name a folder below the root, with its full path")
        return value


@dataclass(frozen=True, slots=True)
class PathMapper:
    """The mappings of one client. `protected` are folders that no download may be or contain: the libraries."""

    client: str
    mappings: tuple[PathMapping, ...] = ()
    protected: tuple[Path, ...] = ()

    def local(self, remote: str, remote_root: str | None) -> Path:
        """Our path of the client's `remote`; `remote_root` is the folder that the client saves into.

        Raises `Misconfigured`.
        """
        mapped, root = self._mapped(remote, remote_root)
        self._check_there(mapped, root, remote)
        self._check_inside(mapped, root, remote)
        return mapped

    def _mapped(self, remote: str, remote_root: str | None) -> tuple[Path, Path]:
        parts = self._safe_parts(remote)
        for mapping in self.mappings:
            rest = _below(parts, _parts(mapping.remote), windows=_is_windows(mapping.remote))
            if rest is not None:
                root = Path(mapping.local)
                return root.joinpath(*rest), root
        if _is_windows(remote) != (os.name == "nt"):
            raise self._misconfigured(
                remote,
                "is a path of another operating system",
                f"Add a path mapping for {_folder_of(remote, remote_root)} in the settings of {self.client}.",
            )
        root = Path(remote_root or Path(remote).parent)
        if root == Path("/"):
            raise self._misconfigured(remote, "lies directly in the root folder", "Let the client save into a folder.")
        if not os.path.lexists(root):
            raise self._misconfigured(
                remote,
                "is in a folder that does not exist here and that no path mapping covers",
                f"Add a path mapping for {root} if the client runs in a container or on another machine; "
                "on this one it makes the folder with its first download.",
            )
        return Path(remote), root

    def _safe_parts(self, remote: str) -> tuple[str, ...]:
        parts = _parts(remote)
        if not parts or ".." in parts or has_control_characters(remote):
            raise self._misconfigured(remote, "is no usable path", "Move the download into a folder of its own.")
        return parts

    def _check_there(self, path: Path, root: Path, remote: str) -> None:
        try:
            root.stat()
        except PermissionError as error:
            raise self._forbidden(remote, root) from error
        except OSError as error:
            raise self._misconfigured(
                remote,
                f"belongs into {root}, which does not exist here",
                "Mount that folder, or mend the path mapping.",
            ) from error
        try:
            path.stat()
        except PermissionError as error:
            raise self._forbidden(remote, path) from error
        except OSError as error:
            raise self._misconfigured(
                remote,
                f"is not there: {root} exists, but {path.relative_to(root)} is not in it",
                "Check that the mapping points at the same folder, and that nobody moved or deleted the files.",
            ) from error
        readable = os.R_OK | os.X_OK if path.is_dir() else os.R_OK
        if not os.access(path, readable):
            raise self._forbidden(remote, path)

    def _check_inside(self, path: Path, root: Path, remote: str) -> None:
        real, real_root = Path(os.path.realpath(path)), Path(os.path.realpath(root))
        if not real.is_relative_to(real_root) or real == Path("/"):
            raise self._misconfigured(remote, f"leads out of {root}", "Remove the link, or download it again.")
        for folder in self.protected:
            if Path(os.path.realpath(folder)).is_relative_to(real):
                raise self._misconfigured(
                    remote, f"holds the library {folder} itself", "Let the client save into another folder."
                )

    def _forbidden(self, remote: str, path: Path) -> Misconfigured:
        return self._misconfigured(
            remote, f"is {path} here, which may not be read", "Give AuralArchive's user the right to read that folder."
        )

    def _misconfigured(self, remote: str, what: str, remedy: str) -> Misconfigured:
        return Misconfigured(f"{self.client} reports {display_text(remote)!r}, which {what}.", remedy)


def same_path(one: str | None, other: str | None) -> bool:
    """Whether two paths of a client are the same, whatever their separators at the end."""
    return bool(one) and bool(other) and _parts(one or "") == _parts(other or "")


def _is_windows(path: str) -> bool:
    return _WINDOWS.match(path) is not None


def _parts(path: str) -> tuple[str, ...]:
    """The components of an absolute path, drive or server first; nothing for a relative one."""
    if _is_windows(path):
        pieces: Iterable[str] = re.split(r"[\\/]+", path)
    elif path.startswith("/"):
        pieces = path.split("/")
    else:
        return ()
    return tuple(piece for piece in pieces if piece not in ("", "."))


def _below(parts: tuple[str, ...], prefix: tuple[str, ...], *, windows: bool) -> tuple[str, ...] | None:
    """What follows `prefix` in `parts`, or None where it is no prefix."""
    head = parts[: len(prefix)]
    if windows:
        head, prefix = tuple(map(str.casefold, head)), tuple(map(str.casefold, prefix))
    return parts[len(prefix) :] if head == prefix else None


def _folder_of(remote: str, remote_root: str | None) -> str:
    return display_text(remote_root or re.split(r"[\\/][^\\/]*[\\/]?$", remote)[0])
