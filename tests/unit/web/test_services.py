"""What the web is given."""

from __future__ import annotations

from auralarchive.web.services import InvalidSettings, SettingValue


def test_invalid_settings_name_each_key() -> None:
    """A form can show every message at its field."""
    error = InvalidSettings({"port": "too high", "host": "empty"})
    assert error.errors == {"port": "too high", "host": "empty"}
    assert "port: too high" in str(error)


def test_a_setting_is_plain_unless_said_otherwise() -> None:
    """Neither secret nor locked."""
    assert SettingValue(5) == SettingValue(5, secret=False, is_set=True, locked_by=None)
