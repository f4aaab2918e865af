"""What a kind of adapter says of itself, so that pages can draw its form and the runtime can build it.

Each package of adapters lists its kinds in one tuple of `AdapterType`. Settings are a pydantic model
beside the adapter that they belong to: titles and descriptions of its fields are the form, and a
field annotated as `SecretStr` is a secret: encrypted at rest, written but never read over the API.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeAlias, TypeVar, get_args

from pydantic import BaseModel, SecretStr
from pydantic.config import JsonDict

PortT = TypeVar("PortT")
ContextT = TypeVar("ContextT")
SettingsT = TypeVar("SettingsT", bound=BaseModel)

#: Inside the class below the word `type` is one of its fields.
SettingsModel: TypeAlias = type[BaseModel]

#: `json_schema_extra` of a setting that most people never touch: its form keeps it behind "More settings".
SELDOM: Final[JsonDict] = {"seldom": True}


@dataclass(frozen=True, slots=True)
class AdapterType(Generic[PortT, ContextT]):
    """One kind of client or indexer. Make it with `adapter_type`.

    `build(name, settings, context)` takes the saved settings as a plain mapping, secrets in clear, and
    raises pydantic's `ValidationError` where they do not fit `settings_model`. It does no I/O on the network.
    """

    type: str
    title: str
    settings_model: SettingsModel
    build: Callable[[str, Mapping[str, Any], ContextT], PortT]

    @property
    def secret_keys(self) -> frozenset[str]:
        """Names of the settings that are secrets."""
        fields = self.settings_model.model_fields
        return frozenset(name for name, field in fields.items() if SecretStr in _parts(field.annotation))

    @property
    def form(self) -> dict[str, Any]:
        """The JSON schema of the settings; secrets have the format `password`."""
        return self.settings_model.model_json_schema()

    def plain(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """The settings validated and completed by their defaults, ready to be saved, secrets in clear."""
        model = self.settings_model.model_validate(settings)
        return {**model.model_dump(mode="json"), **_revealed(model, self.secret_keys)}


def adapter_type(
    type_: str,
    title: str,
    settings_model: type[SettingsT],
    make: Callable[[str, SettingsT, ContextT], PortT],
) -> AdapterType[PortT, ContextT]:
    """An `AdapterType` whose `make(name, settings, context)` receives the settings as their own model."""

    def build(name: str, settings: Mapping[str, Any], context: ContextT) -> PortT:
        return make(name, settings_model.model_validate(settings), context)

    return AdapterType(type_, title, settings_model, build)


def _parts(annotation: Any) -> Iterator[Any]:
    """The annotation itself and everything inside it: `SecretStr | None` holds a secret, too."""
    yield annotation
    for part in get_args(annotation):
        yield from _parts(part)


def _revealed(model: BaseModel, keys: frozenset[str]) -> dict[str, str | None]:
    values = {key: getattr(model, key) for key in keys}
    return {key: value.get_secret_value() if isinstance(value, SecretStr) else None for key, value in values.items()}
