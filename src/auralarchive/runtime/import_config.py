"""Settings in the old INI form (`config.txt`), taken over into the saved settings."""

from __future__ import annotations

import configparser
from dataclasses import dataclass
from pathlib import Path
from types import NoneType
from typing import get_args

from auralarchive.ports.errors import InvalidInput
from auralarchive.runtime.settings_view import SECTIONS, SettingsHolder
from auralarchive.web.services import InvalidSettings


@dataclass(frozen=True, slots=True)
class Import:
    """What became of a file: settings taken over as `section.key`, and what was left out, with the reason."""

    taken: tuple[str, ...]
    left: tuple[str, ...]


def import_config(file: Path, holder: SettingsHolder) -> Import:
    """Save every setting of the file that we know. Raises `InvalidInput` for a file that cannot be read."""
    taken: list[str] = []
    left: list[str] = []
    parser = _read(file)
    for section in parser.sections():
        for key, value in parser.items(section):
            name = f"{section}.{key}"
            try:
                _take(holder, section, key, value)
            except InvalidSettings as error:
                left.append(f"{name}: {'; '.join(error.errors.values())}")
            else:
                taken.append(name)
    return Import(tuple(taken), tuple(left))


def _read(file: Path) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(file.read_text(encoding="utf-8-sig"), source=file.name)
    except (OSError, UnicodeDecodeError, configparser.Error) as error:
        raise InvalidInput(
            f"{file} cannot be read as a configuration file ({error}).", "Give the old config.txt."
        ) from error
    return parser


def _take(holder: SettingsHolder, section: str, key: str, value: str) -> None:
    model = SECTIONS.get(section)
    if model is None:
        raise InvalidSettings({section: "There is no such section here any more."})
    if key not in model.model_fields:
        raise InvalidSettings({key: "There is no such setting here any more."})
    holder.save(section, {key: value.strip() or None} if _may_be_empty(section, key) else {key: value.strip()})


def _may_be_empty(section: str, key: str) -> bool:
    return NoneType in get_args(SECTIONS[section].model_fields[key].annotation)
