"""Settings as the pages see them: typed, with secrets hidden and what the environment holds locked."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias, get_args

from pydantic import BaseModel, SecretStr, ValidationError

from auralarchive import settings as tree
from auralarchive.ports.clients import Finding
from auralarchive.ports.store import SavedSettings
from auralarchive.runtime.adapters import lost_secrets
from auralarchive.runtime.free_books import OFFERED
from auralarchive.store import SecretBox, SecretsUnreadable
from auralarchive.web.services import InvalidSettings, SettingValue

#: Sections that the pages show. Where the server listens is settled before there is a page.
SECTIONS: Mapping[str, type[BaseModel]] = {
    "library": tree.LibrarySection,
    "download_management": tree.DownloadManagementSection,
    "speed": tree.SpeedSection,
    "qbittorrent": tree.QBittorrentSection,
    "conversion": tree.ConversionSection,
    "search": tree.SearchSection,
    "backup": tree.BackupSection,
}

#: What would let a page run programs: only by file or environment.
_NEVER_BY_PAGE = {("conversion", "ffmpeg")}


#: What is read anew each time it is needed; all else is built into parts at start.
_AT_ONCE = {
    ("library", "path"),
    ("library", "template"),
    ("library", "reserve_bytes"),
    ("download_management", "polling_interval_seconds"),
    ("download_management", "max_concurrent_downloads"),
    ("download_management", "delete_source_after_import"),
    ("download_management", "metadata_timeout_hours"),
    ("download_management", "stall_timeout_hours"),
    ("download_management", "missing_after_seconds"),
    *(("speed", key) for key in tree.SpeedSection.model_fields),
    *(("backup", key) for key in tree.BackupSection.model_fields),
}


#: Told of a change: the settings before it, and after.
Watcher: TypeAlias = Callable[[tree.Settings, tree.Settings], None]


def may_be_saved(section: str, key: str) -> bool:
    """Whether a page may set this. What comes back with a backup may hold nothing else but a note of ours."""
    if (section, key) == OFFERED:
        return True
    return section in SECTIONS and key in SECTIONS[section].model_fields and (section, key) not in _NEVER_BY_PAGE


class SettingsHolder:
    """The settings in force. Saving puts them into force at once; what is built at start needs a restart."""

    def __init__(
        self, read: Callable[[Mapping[str, Mapping[str, Any]]], tree.Settings], saved: SavedSettings, box: SecretBox
    ) -> None:
        self._read, self._saved, self._box = read, saved, box
        self._one_at_a_time = threading.Lock()
        self._watchers: list[Watcher] = []
        self.current = read(self._opened())

    def on_change(self, watcher: Watcher) -> None:
        """Let `watcher` know of each change, with the settings before and after it."""
        self._watchers.append(watcher)

    @property
    def problems(self) -> tuple[Finding, ...]:
        """Secrets that the key file does not open; they count as not set, and stay sealed until entered anew."""
        saved = self._saved.all()
        lost = [f"{name}.{key}" for name, values in saved.items() for key in values if self._is_lost(values[key])]
        return tuple(lost_secrets(name) for name in lost if tree.locked_by(*name.split(".")) is None)

    def schema(self) -> Mapping[str, Mapping[str, Any]]:
        return {name: model.model_json_schema() for name, model in SECTIONS.items()}

    def values(self) -> Mapping[str, Mapping[str, SettingValue]]:
        return {name: self._section(name, model) for name, model in SECTIONS.items()}

    def save(self, section: str, values: Mapping[str, Any]) -> None:
        """Check and save some keys of a section. Raises `InvalidSettings`; nothing is saved then."""
        model = SECTIONS.get(section)
        if model is None:
            raise InvalidSettings({section: "There is no such section."})
        refused = {key: reason for key in values if (reason := _refusal(section, key))}
        if refused:
            raise InvalidSettings(refused)
        with self._one_at_a_time:
            self._save(section, model, values)

    def _save(self, section: str, model: type[BaseModel], values: Mapping[str, Any]) -> None:
        opened = self._opened()
        merged = {**opened.get(section, {}), **values}
        try:
            model.model_validate(merged)
            changed = self._read({**opened, section: merged})
        except ValidationError as error:
            raise InvalidSettings(_messages(error)) from error
        sealed = {key: self._sealed(model, key, value) for key, value in values.items()}
        self._saved.save(section, sealed)
        before, self.current = self.current, changed
        for watcher in self._watchers:
            watcher(before, changed)

    def _section(self, name: str, model: type[BaseModel]) -> dict[str, SettingValue]:
        section = getattr(self.current, name)
        shown = section.model_dump(mode="json")
        if name == "library" and self.current.library_path is not None:
            shown["path"] = str(self.current.library_path)  # its short name in the environment
        return {
            key: SettingValue(
                value=None if _is_secret(model, key) else shown[key],
                secret=_is_secret(model, key),
                is_set=bool(getattr(section, key)),
                locked_by=tree.locked_by(name, key),
                needs_restart=(name, key) not in _AT_ONCE,
            )
            for key in model.model_fields
            if (name, key) not in _NEVER_BY_PAGE
        }

    def _sealed(self, model: type[BaseModel], key: str, value: Any) -> Any:
        return {"sealed": self._box.seal(json.dumps(value))} if _is_secret(model, key) else value

    def _opened(self) -> dict[str, dict[str, Any]]:
        return {
            section: {key: self._open(value) for key, value in values.items() if not self._is_lost(value)}
            for section, values in self._saved.all().items()
        }

    def _open(self, value: Any) -> Any:
        return json.loads(self._box.open(value["sealed"])) if _is_sealed(value) else value

    def _is_lost(self, value: Any) -> bool:
        try:
            self._open(value)
        except SecretsUnreadable:
            return True
        return False


def _is_sealed(value: Any) -> bool:
    return isinstance(value, Mapping) and set(value) == {"sealed"}


def _is_secret(model: type[BaseModel], key: str) -> bool:
    annotation: Any = model.model_fields[key].annotation
    return annotation is SecretStr or SecretStr in get_args(annotation)


def _refusal(section: str, key: str) -> str | None:
    if key not in SECTIONS[section].model_fields or (section, key) in _NEVER_BY_PAGE:
        return "There is no such setting here."
    variable = tree.locked_by(section, key)
    return f"It is set by the environment ({variable}) and cannot be changed here." if variable else None


def _messages(error: ValidationError) -> dict[str, str]:
    return {".".join(map(str, problem["loc"])) or "settings": problem["msg"] for problem in error.errors()}
