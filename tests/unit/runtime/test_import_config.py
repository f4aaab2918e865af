"""Settings of the old INI form: what we know is taken, what we do not is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from auralarchive.ports.errors import InvalidInput
from auralarchive.runtime.import_config import import_config

OLD = """\ufeff; settings of an older program
[qbittorrent]
qb_host = seedbox.lan
qb_port = 8081
qb_username = ann
qb_password = 50%% of CANARY; not a comment
category =

[download_management]
max_concurrent_downloads = 4
seeding_enabled = yes
seed_ratio =
polling_interval_seconds = every now and then
monitor_threads = 3

[audible]
locale = uk
"""


def test_what_we_know_is_taken_over(core: Any, tmp_path: Path) -> None:
    file = tmp_path / "config.txt"
    file.write_text(OLD, encoding="utf-8")
    result = import_config(file, core.holder)
    assert result.taken == (
        "qbittorrent.qb_host",
        "qbittorrent.qb_port",
        "qbittorrent.qb_username",
        "qbittorrent.qb_password",
        "qbittorrent.category",
        "download_management.max_concurrent_downloads",
        "download_management.seeding_enabled",
        "download_management.seed_ratio",
    )
    settings = core.holder.current
    assert (settings.qbittorrent.qb_host, settings.qbittorrent.qb_port) == ("seedbox.lan", 8081)
    assert settings.qbittorrent.qb_password.get_secret_value() == "50%% of CANARY; not a comment"
    assert (settings.download_management.seeding_enabled, settings.download_management.seed_ratio) == (True, None)
    left = {line.partition(":")[0] for line in result.left}
    assert left == {
        "download_management.polling_interval_seconds",
        "download_management.monitor_threads",
        "audible.locale",
    }


@pytest.mark.parametrize("content", [b"no section here\n", b"\xff\xfe\x00\x01", b"[open\nkey"])
def test_what_is_no_configuration_is_refused(core: Any, tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "config.txt"
    file.write_bytes(content)
    with pytest.raises(InvalidInput, match=r"config\.txt"):
        import_config(file, core.holder)


def test_a_file_that_is_not_there_is_refused(core: Any, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput):
        import_config(tmp_path / "missing", core.holder)
