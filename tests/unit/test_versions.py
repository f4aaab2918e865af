"""The installed parts are not among the versions with known holes."""

from __future__ import annotations

import re
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.version import Version

# The oldest version of each that has the mend named beside it.
FLOORS = {
    "starlette": "1.3.1",  # Host poisoned the path, ranges took quadratic time, form limits were passed over
    "python-socketio": "5.16.3",  # pickle on the bus, attachments without end
    "python-engineio": "4.13.3",  # threads without end
    "pillow": "12.3.0",  # a small FITS file filled the memory
    "urllib3": "2.7.0",  # answers were unpacked without a limit
}
#: The longer of the two lock files: it holds everything of the other, in the same versions.
LOCK = Path(__file__).parents[2] / "requirements-dev.lock"


@pytest.mark.parametrize("name", FLOORS)
def test_no_part_is_older_than_its_mend(name: str) -> None:
    """What runs here, and what the lock file would install, both have the mend."""
    locked = re.search(rf"^{re.escape(name)}==([^ ]+)", LOCK.read_text(encoding="utf-8"), re.MULTILINE)
    assert locked, f"{name} is not in {LOCK.name}"
    assert min(Version(version(name)), Version(locked[1])) >= Version(FLOORS[name])


@pytest.mark.parametrize("lock", sorted(LOCK.parent.glob("requirements*.lock")), ids=lambda path: path.name)
def test_lock_files_name_hashes_and_no_addresses(lock: Path) -> None:
    """They serve everybody, whatever index or mirror is theirs, and whatever it hands out is checked."""
    text = lock.read_text(encoding="utf-8")
    assert "://" not in text
    packages = re.findall(r"^[\w.-]+==.*\\$", text, re.MULTILINE)
    assert packages
    assert len(packages) == len(re.findall(r"^[\w.\[\],-]+==", text, re.MULTILINE)), "a package without hashes"
