"""What the audio tests share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from auralarchive.audio.engine import Engine
from auralarchive.audio.ffmpeg import Ffmpeg, find_ffmpeg
from auralarchive.audio.settings import AudioSettings
from auralarchive.ports.audio import ConvertRequest, ConvertResult
from auralarchive.ports.work import CancelToken

Convert = Callable[..., ConvertResult]


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """What was measured of FFmpeg by other versions of the code counts for nothing here."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder))
        yield folder


@pytest.fixture(scope="session")
def ffmpeg() -> Ffmpeg:
    """The FFmpeg that the engine finds on this machine."""
    return find_ffmpeg()


@pytest.fixture
def convert(tmp_path: Path, ffmpeg: Ffmpeg) -> Convert:
    """Convert `source` (keywords as in `ConvertRequest`) in a work folder beside it."""

    def run(source: Path | tuple[Path, ...], settings: AudioSettings | None = None, **wishes: object) -> ConvertResult:
        work = tmp_path / "work"
        work.mkdir(exist_ok=True)
        sources = source if isinstance(source, tuple) else (source,)
        request = ConvertRequest(sources, work, **wishes)  # type: ignore[arg-type]  # tests pass keywords on
        return Engine(settings, ffmpeg).convert(request, lambda part: None, CancelToken())

    return run
