"""The containers that we read."""

import subprocess
import sys

from auralarchive.audio.kinds import Kind


def test_every_container_names_one_demuxer() -> None:
    assert all(kind.value.isalnum() and kind.value.islower() for kind in Kind)


def test_the_server_loads_no_parser_of_audio() -> None:
    """Parsers and their tables live in the conversion process: the server's own memory stays small."""
    listed = "import sys, auralarchive.runtime.serve; print(*{'numpy', 'PIL', 'mutagen'} & set(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", listed], capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == ""
