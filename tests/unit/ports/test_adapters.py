"""What an adapter type tells of its settings."""

from __future__ import annotations

import pytest
from pydantic import BaseModel, Field, SecretStr, ValidationError

from auralarchive.ports.adapters import adapter_type


class _Settings(BaseModel):
    host: str = Field(title="Host", default="localhost")
    password: SecretStr = Field(title="Password")
    api_key: SecretStr | None = None


def _make(name: str, settings: _Settings, context: int) -> tuple[str, str, int]:
    return name, settings.host, context


KIND = adapter_type("sample", "Sample", _Settings, _make)


def test_secrets_are_known_by_their_annotation() -> None:
    """Also optional secrets are secrets: none may be shown because somebody forgot to list it."""
    assert KIND.secret_keys == {"password", "api_key"}
    assert KIND.form["properties"]["password"]["format"] == "password"


def test_plain_settings_are_complete_and_build_the_adapter() -> None:
    """What is saved survives the way into the store and back, secrets included."""
    plain = KIND.plain({"password": "s3cret"})
    assert plain == {"host": "localhost", "password": "s3cret", "api_key": None}
    assert KIND.build("mine", plain, 7) == ("mine", "localhost", 7)


def test_settings_that_do_not_fit_are_refused() -> None:
    """A mistake shows when it is saved, not at the first poll."""
    with pytest.raises(ValidationError):
        KIND.build("mine", {}, 7)
