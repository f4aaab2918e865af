"""An FFmpeg that seems to have libfdk_aac, which no build that we may install has.

In its place encodes FFmpeg's own encoder, after some silence: so it begins as late as wanted, and says so or not.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.support.audio import ffmpeg

_SCRIPT = '''
def lay(argument, before):
    if before == "-af":
        return [f"{argument},adelay={LATE}S:all=1"]
    if before == "-filter_complex":
        return [f"{argument};[x]adelay={LATE}S:all=1[late]"]
    return {"[x]": ["[late]"], "libfdk_aac": ["aac", "-aac_coder", "fast"]}.get(argument, [argument])

def tell(path):
    """FFmpeg's edit skips one frame: let it skip the silence too."""
    data = bytearray(path.read_bytes())
    at = data.index(b"elst") + 12
    length, skip = (int.from_bytes(data[at + n : at + n + 4], "big") for n in (0, 4))
    data[at : at + 8] = (length - LATE).to_bytes(4, "big") + (skip + LATE).to_bytes(4, "big")
    path.write_bytes(data)

arguments = sys.argv[1:]
if "-encoders" in arguments:
    print(" A....D libfdk_aac           Fraunhofer FDK AAC", flush=True)
if "libfdk_aac" not in arguments or LATE is None:
    os.execv(REAL, [REAL, *arguments])
told = [word for before, argument in zip(["", *arguments], arguments) for word in lay(argument, before)]
code = subprocess.run([REAL, *told], close_fds=False).returncode
for name in arguments:
    if TOLD and not code and name.endswith(".mp4"):
        tell(pathlib.Path(name.removeprefix("file:")))
sys.exit(code)
'''


def seeming_fdk(path: Path, late: int | None, *, told: bool = True) -> Path:
    """`late` samples more than FFmpeg's own encoder; None: the encoder is only named, and fails."""
    head = f"#!{sys.executable} -S\nimport os, pathlib, subprocess, sys\n"
    path.write_text(f"{head}REAL, LATE, TOLD = {ffmpeg()!r}, {late!r}, {told!r}\n{_SCRIPT}", encoding="utf-8")
    path.chmod(0o755)
    return path
