"""The library on disk: publishing books, and checking what is there."""

from auralarchive.library.filesystem import FilesystemLibrary, LibrarySettings

__all__ = ["FilesystemLibrary", "LibrarySettings"]
