"""Kill -9 while a plan takes a client's general limits over, or gives them back: nobody's own limits are lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.processes import wait_for
from tests.support.qbittorrent import GENERATIONS, QBittorrent
from tests.support.server import RunningServer
from tests.support.world import session_of, use_qbittorrent

NO_EMBEDDED = {"AURALARCHIVE_EMBEDDED__ENABLED": "false"}
OWN, OURS = 5 * 1024 * 1024, 100 * 1024


@pytest.mark.parametrize(
    "failpoint",
    [
        "steering.limits_set",
        pytest.param("steering.own_kept", marks=pytest.mark.crash),
        pytest.param("steering.given_back", marks=pytest.mark.crash),
    ],
)
def test_a_clients_own_limits_survive(tmp_path: Path, failpoint: str) -> None:
    with (
        QBittorrent(tmp_path / "qbittorrent", GENERATIONS[0].argv()) as client,
        RunningServer(tmp_path / "auralarchive", NO_EMBEDDED) as server,
        session_of(client) as session,
    ):
        session.transfer_set_download_limit(OWN)
        api = server.api()
        use_qbittorrent(api, client)
        server.stop()
        server.start(AURALARCHIVE_FAILPOINT=failpoint)
        try:
            api.put("/api/settings/speed", {"download_limit": OURS})
            if failpoint == "steering.given_back":
                wait_for(lambda: session.transfer_download_limit() == OURS)
                api.put("/api/settings/speed", {"download_limit": None})
        finally:
            assert server.process is not None
            server.process.wait(30)
        server.start()
        if failpoint != "steering.given_back":
            wait_for(lambda: session.transfer_download_limit() == OURS)
            api.put("/api/settings/speed", {"download_limit": None})
        wait_for(lambda: session.transfer_download_limit() == OWN)
