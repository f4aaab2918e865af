"""MP4 files of audio: reading their tables, and writing M4B with the index in front, in one pass."""
