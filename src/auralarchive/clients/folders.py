"""The download folder of a client inside of our own process, and the folders of its items in it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator

from auralarchive.domain.failures import FailureKind
from auralarchive.ports.errors import Misconfigured


def _absolute(value: Path) -> Path:
    if not value.is_absolute() or value == Path("/"):
        raise ValueError("name a folder with its full path, other than the root")
    return value


#: A folder as a setting names it.
OwnFolder = Annotated[Path, AfterValidator(_absolute)]


def remove_folder(folder: Path) -> None:
    """Delete the folder of one item with all that is in it. Raises `Misconfigured`."""
    try:
        shutil.rmtree(folder)
    except FileNotFoundError:
        return
    except OSError as error:
        raise Misconfigured(
            f"The download {folder} cannot be deleted: {error.strerror}.",
            "Check the permissions of the download folder; it is tried again at the next start.",
            kind=FailureKind.PERMISSION,
        ) from error
