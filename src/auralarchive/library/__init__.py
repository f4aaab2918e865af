"""The library on disk: publishing books, changing them, and checking what is there."""

from auralarchive.library.drafts import FilesystemDrafts
from auralarchive.library.filesystem import FilesystemLibrary, LibrarySettings

__all__ = ["FilesystemDrafts", "FilesystemLibrary", "LibrarySettings"]
