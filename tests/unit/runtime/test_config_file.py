"""config.toml on its way into a backup: no secret in it, no place of this machine, and all else as it was."""

from __future__ import annotations

import tomllib

from auralarchive.runtime.config_file import names_the_database, portable

CONFIG = """# mine
data_dir = "/srv/here"
api_key = "CANARY-1"
[server]
port = 9000  # behind nginx
[ qbittorrent ] # the box
qb_host = "box"
qb_password = "CANARY-2"
[conversion]
aaxc_keys = "CANARY-3"
jobs = 2
"""


def test_secrets_and_places_are_left_out() -> None:
    """Comments and all other settings stay."""
    kept = portable(CONFIG, secrets=False)
    assert kept is not None
    assert "CANARY" not in kept
    assert "# behind nginx" in kept
    assert tomllib.loads(kept) == {
        "server": {"port": 9000},
        "qbittorrent": {"qb_host": "box"},
        "conversion": {"jobs": 2},
    }


def test_under_a_passphrase_secrets_stay_and_places_do_not() -> None:
    kept = portable(CONFIG, secrets=True)
    assert kept is not None
    assert kept.count("CANARY") == 3
    assert "/srv/here" not in kept


def test_what_cannot_be_told_apart_is_left_out_whole() -> None:
    """Values over several lines, tables in one line, dotted keys, and what is no TOML."""
    for text in (
        '[conversion]\naaxc_keys = [\n  "CANARY",\n]\n',
        'qbittorrent = {qb_password = "CANARY"}\n',
        'qbittorrent.qb_password = "CANARY"\n',
        '[qbittorrent]\n"qb_password" = "CANARY"\n',
        '[qbittorrent]\nqb_password = """\nCANARY"""\n',
        "not toml at all",
    ):
        assert portable(text, secrets=False) is None, text


def test_a_file_that_says_where_the_data_is() -> None:
    """It must stay where it is; one that nobody can read must, too."""
    assert names_the_database('database_url = "sqlite:////elsewhere.db"')
    assert names_the_database("not toml")
    assert not names_the_database("[server]\nport = 1\n")
