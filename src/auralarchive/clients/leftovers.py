"""What clients of Usenet leave behind: the data of a finished job, which only we delete.

Such a client forgets the job and keeps its files. We delete them, through the path mappings, and only inside of the
client's own folders of finished downloads: never such a folder itself, nor one around it or around the library, and of
a link the link.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from auralarchive.ports.errors import Misconfigured


def discard(content: Path, folders: Iterable[Path], protected: Iterable[Path]) -> None:
    """Delete a file, or a folder with all that is in it; nothing happens where nothing is.

    `folders` are the client's own, `protected` the libraries. Raises `Misconfigured`.
    """
    # Its own last part is not followed: a link goes, and not what it leads to.
    real = Path(os.path.realpath(content.parent)) / content.name
    own, libraries = _real(folders), _real(protected)
    around = any(place == real or real in place.parents for place in (*own, *libraries))
    if ".." in content.parts or around or not any(folder in real.parents for folder in own):
        raise Misconfigured(
            f"{content} is not deleted: it is not inside the client's own folder of finished downloads.",
            "Delete it by hand if it is of no use, and see where the client puts what it has finished.",
        )
    if any(library in real.parents for library in libraries):
        raise Misconfigured(
            f"{content} is not deleted: it is inside the library.",
            "Let the client put its downloads into a folder outside of the library.",
        )
    try:
        if real.is_dir() and not real.is_symlink():
            shutil.rmtree(real)
        else:
            real.unlink(missing_ok=True)
    except FileNotFoundError:
        return  # somebody else was quicker
    except OSError as error:
        raise Misconfigured(
            f"{content} could not be deleted: {error.strerror or error}.",
            "Give AuralArchive's user the right to write into the client's folder, or delete it by hand.",
        ) from error


def _real(folders: Iterable[Path]) -> tuple[Path, ...]:
    return tuple(Path(os.path.realpath(folder)) for folder in folders)
