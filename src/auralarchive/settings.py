"""The typed settings tree: defaults < config.toml < saved in the pages < environment.

Every setting has one name, `section.key`; in the environment it is `AURALARCHIVE_SECTION__KEY`. Four
have a short name besides: `AURALARCHIVE_DATA_DIR`, `_DATABASE_URL`, `_LIBRARY_PATH`, `_API_KEY`. Each part
of the program receives just its own section; only the composition root and the terminal read this file.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, get_args
from urllib.parse import quote
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    SecretStr,
    ValidationInfo,
    field_validator,
)
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from auralarchive.audio.settings import Coders, ProofOfCopies
from auralarchive.domain.naming import parse_template
from auralarchive.ports.audio import Joints

_PREFIX = "AURALARCHIVE_"
MOST_MINUTES = 10_000_000  # 19 years


def _listed(value: object) -> object:
    """Lists may be written with commas: that is how one writes them into an environment."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


#: First parts of our own addresses: a base path that begins with one could not be told from them.
_OUR_OWN = (
    *("api", "assets", "metrics", "socket.io"),
    *("search", "downloads", "library", "wanted", "import", "settings", "system", "welcome", "login", "setup"),
)


def _base(value: object) -> object:
    """`/auralarchive`, however it was written: with or without slashes around it."""
    if not isinstance(value, str):
        return value
    parts = [part for part in value.strip().split("/") if part]
    if any(not re.fullmatch(r"[A-Za-z0-9_~-][A-Za-z0-9._~-]*", part) for part in parts):
        raise ValueError("a path of letters, digits, dots and dashes, such as /auralarchive")
    if parts and parts[0] in _OUR_OWN:
        raise ValueError(f"/{parts[0]} is an address of our own; choose another, such as /auralarchive")
    return "".join(f"/{part}" for part in parts)


Words = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed)]


def _default_data_dir() -> Path:
    home = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(home) / "auralarchive"


def _shown(group: str = "", unit: str = "") -> dict[str, JsonValue]:
    """Where the pages show a setting, and what its number counts."""
    return {key: value for key, value in (("group", group), ("unit", unit)) if value}


class Section(BaseModel):
    """One group of settings. An unknown key is an error: a typing mistake must not pass unseen."""

    # Infinity is no limit that anybody sets: JSON cannot carry it, and a database not store it.
    # An error does not repeat what was entered: it may be a key.
    model_config = ConfigDict(extra="forbid", validate_default=True, allow_inf_nan=False, hide_input_in_errors=True)


class ServerSection(Section):
    """Where the pages are served."""

    host: str = Field(
        default="127.0.0.1", title="Address", description="0.0.0.0 makes it reachable from other machines."
    )
    port: int = Field(default=8765, ge=0, le=65535, title="Port")
    base_path: Annotated[str, BeforeValidator(_base)] = Field(
        default="", title="Base path", description="Behind a reverse proxy under a path: /auralarchive."
    )
    allowed_hosts: Words = Field(default=(), title="Host names", description="Names under which it may be called.")
    trusted_proxies: Words = Field(
        default=(), title="Trusted proxies", description="Addresses of your reverse proxies."
    )


class LibrarySection(Section):
    """Where finished books go."""

    path: Path | None = Field(
        default=None, title="Library folder", description="Default: `library` in the data folder."
    )
    template: str = Field(
        default="{author}/{title}/{title}.m4b",
        title="Naming",
        description="Where a book goes, below the library's folder.",
    )
    reserve_bytes: int = Field(
        default=1 << 30, ge=0, le=1 << 60, title="Space to leave free", json_schema_extra=_shown(unit="bytes")
    )

    @field_validator("template")
    @classmethod
    def _readable(cls, value: str) -> str:
        parse_template(value)  # now, not at the next start
        return value


class DownloadManagementSection(Section):
    """How downloads are followed, retried, seeded and cleaned up."""

    polling_interval_seconds: float = Field(
        default=2.0,
        ge=0.2,
        le=300,
        title="Polling interval",
        description="How often the clients are asked.",
        json_schema_extra=_shown("pace", "s"),
    )
    max_concurrent_downloads: int = Field(
        default=2, ge=1, le=1000, title="Downloads at once", json_schema_extra=_shown("pace")
    )
    idle_after_minutes: float = Field(
        default=10,
        ge=0.1,
        le=10_000,
        title="Idle after",
        description="A download without a byte for so long gives its place to the next.",
        json_schema_extra=_shown("pace", "min"),
    )
    retry_search_max: int = Field(
        default=3, ge=0, le=100, title="Retries of a search", json_schema_extra=_shown("retries")
    )
    retry_download_max: int = Field(
        default=2, ge=0, le=100, title="Retries of a download", json_schema_extra=_shown("retries")
    )
    retry_conversion_max: int = Field(
        default=1, ge=0, le=100, title="Retries of a conversion", json_schema_extra=_shown("retries")
    )
    retry_import_max: int = Field(
        default=2, ge=0, le=100, title="Retries of an import", json_schema_extra=_shown("retries")
    )
    retry_backoff_scale: float = Field(
        default=1.0,
        gt=0,
        le=100,
        title="Back-off",
        description="1 waits 1, 5, 15, 60 minutes; 0.5 half of that.",
        json_schema_extra=_shown("retries"),
    )
    seeding_enabled: bool = Field(
        default=True,
        title="Seed",
        description="Off: torrents stop as soon as they are complete.",
        json_schema_extra=_shown("seeding"),
    )
    seed_ratio: float | None = Field(
        default=2.0,
        ge=0,
        le=1e6,
        title="Seed ratio",
        description="Empty: no goal by ratio.",
        json_schema_extra=_shown("seeding"),
    )
    seed_time_minutes: int | None = Field(
        default=14 * 24 * 60,
        ge=0,
        le=MOST_MINUTES,
        title="Seeding time",
        description="Empty: no goal by time.",
        json_schema_extra=_shown("seeding", "min"),
    )
    delete_source_after_import: bool = Field(
        default=False,
        title="Remove after seeding",
        description="Once the goal is met and the book is verified.",
        json_schema_extra=_shown("seeding"),
    )
    remove_unseeded_after_import: bool = Field(
        default=True,
        title="Remove what is not seeded",
        description="Usenet and direct downloads leave their client once the book is verified.",
        json_schema_extra=_shown("seeding"),
    )
    temp_download_path: Path | None = Field(
        default=None, title="Download folder of the embedded client", json_schema_extra=_shown("folders")
    )
    temp_conversion_path: Path | None = Field(
        default=None, title="Folder for conversions", json_schema_extra=_shown("folders")
    )
    metadata_timeout_hours: float = Field(
        default=24, gt=0, le=1e6, title="Give up on a magnet without metadata", json_schema_extra=_shown("pace", "h")
    )
    stall_timeout_hours: float = Field(
        default=168, gt=0, le=1e6, title="Give up on a download without data", json_schema_extra=_shown("pace", "h")
    )
    missing_after_seconds: float = Field(
        default=120,
        ge=0,
        le=1e9,
        title="Missing in the client",
        description="Until a vanished item counts as removed.",
        json_schema_extra=_shown("fine", "s"),
    )
    lease_seconds: float = Field(
        default=60,
        ge=2,
        le=3600,
        title="Lease of a worker",
        description="How long a worker that has died keeps its work.",
        json_schema_extra=_shown("fine", "s"),
    )


Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
#: A limit below the step in which clients keep theirs might become none at all.
Limit = Annotated[int | None, Field(ge=1024, le=1 << 40)]
Hour = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]


class PlanEntry(Section):
    """Some hours of some days, and the limits that hold then."""

    days: tuple[Day, ...] = Field(default=get_args(Day), min_length=1, title="Days")
    begins: Hour = Field(default="00:00", title="From")
    ends: Hour = Field(default="00:00", title="To", description="Where it is not after the beginning: the next day.")
    download_limit: Limit = Field(default=None, title="Download", json_schema_extra=_shown(unit="bytes/s"))
    upload_limit: Limit = Field(default=None, title="Upload", json_schema_extra=_shown(unit="bytes/s"))


class SpeedSection(Section):
    """General speed limits of the download clients, and a week of them."""

    download_limit: Limit = Field(
        default=None,
        title="Download limit",
        description="Of each client, for all of its downloads together.",
        json_schema_extra=_shown("general", "bytes/s"),
    )
    upload_limit: Limit = Field(
        default=None,
        title="Upload limit",
        description="Of each client, for all that it shares.",
        json_schema_extra=_shown("general", "bytes/s"),
    )
    plan: tuple[PlanEntry, ...] = Field(
        default=(),
        max_length=100,
        title="Weekly plan",
        description="The first entry that holds counts; at all other times the limits above.",
        json_schema_extra=_shown("plan"),
    )
    time_zone: str = Field(
        default="",
        title="Time zone",
        description="Such as Europe/Berlin. Empty: that of this machine.",
        json_schema_extra=_shown("plan"),
    )

    @field_validator("time_zone")
    @classmethod
    def _known(cls, value: str) -> str:
        try:
            ZoneInfo(value or "UTC")
        except (ValueError, OSError, ZoneInfoNotFoundError) as error:
            raise ValueError("name a time zone such as Europe/Berlin") from error
        return value


class QBittorrentSection(Section):
    """A qBittorrent given by file or environment; the pages can hold any number more."""

    qb_host: str | None = Field(default=None, title="Host")
    qb_port: int = Field(default=8080, ge=1, le=65535, title="Port")
    qb_username: str = Field(default="admin", title="User name")
    qb_password: SecretStr = Field(default=SecretStr(""), title="Password")
    category: str = Field(default="auralarchive", title="Category")


class EmbeddedSection(Section):
    """The torrent client in our own process: what it begins with; the pages hold all its settings."""

    enabled: bool = Field(default=True, title="Use the embedded client")
    listen_port: int = Field(default=6881, ge=0, le=65535, title="Port for peers")
    loopback: bool = Field(default=False, title="For demo and tests: this machine only")


class DirectSection(Section):
    """The client of direct downloads in our own process: what it begins with; the pages hold all its settings."""

    enabled: bool = Field(default=True, title="Use direct downloads")
    loopback: bool = Field(default=False, title="For tests: this machine only")


class FreeBooksSection(Section):
    """Books that need no account: LibriVox and the Internet Archive."""

    enabled: bool = Field(
        default=True,
        title="Free books",
        description="Sets up the indexers of LibriVox and the Internet Archive, once.",
    )


#: The form of each key, and what to tell where one has another.
_KEYS = {
    "aax_activation_bytes": (r"[0-9a-fA-F]{8}", "activation bytes are 8 hexadecimal digits"),
    "aaxc_keys": (r"(?:[^=]*=)?\s*[0-9a-fA-F]{32}\s*:\s*[0-9a-fA-F]{32}", "each is key:iv, 32 hexadecimal digits both"),
    "audible_key": (r"[0-9a-fA-F]{32}", "an Audible key is 32 hexadecimal digits"),
    "audible_iv": (r"[0-9a-fA-F]{32}", "an Audible IV is 32 hexadecimal digits"),
}


class ConversionSection(Section):
    """How books are made."""

    ffmpeg: Path | None = Field(
        default=None, title="FFmpeg", description="Only by file or environment. Default: found."
    )
    bitrate_kbps: int | None = Field(
        default=None,
        ge=16,
        le=512,
        title="Highest bitrate",
        description="Empty: by the source.",
        json_schema_extra=_shown("quality", "kbit/s"),
    )
    ceiling_kbps: int = Field(
        default=128,
        ge=16,
        le=256,
        title="Ceiling a channel",
        description="A channel: however much a source has, no more is taken by itself.",
        json_schema_extra=_shown("quality", "kbit/s"),
    )
    lossless_kbps: int = Field(
        default=96,
        ge=16,
        le=256,
        title="Bitrate from lossless sources",
        description="A channel, of FLAC, ALAC, WAV and AIFF.",
        json_schema_extra=_shown("quality", "kbit/s"),
    )
    coder: Coders = Field(
        default="auto",
        title="Coder",
        description="auto: whichever sounds better at the bitrate. fast: a third of the work. twoloop: better below 72 "
        "kbit/s a channel.",
        json_schema_extra=_shown("quality"),
    )
    joints: Joints = Field(
        default="gapless",
        title="Joints of copied files",
        description="plain: leave the encoders' silence. gapless: mend what can be mended without a gap. close: "
        "shorten the others too. seamless: encode the book rather than leave a gap.",
        json_schema_extra=_shown("copies"),
    )
    proof: ProofOfCopies = Field(
        default="decode",
        title="Proof of copies",
        description="decode: all of it is decoded. packets: its bytes are compared with the sources', and only "
        "what looks strange is decoded.",
        json_schema_extra=_shown("copies"),
    )
    jobs: int | None = Field(
        default=None,
        ge=1,
        le=256,
        title="Processes",
        description="Empty: one a core.",
        json_schema_extra=_shown("machine"),
    )
    nice: int = Field(
        default=10,
        ge=0,
        le=19,
        title="Niceness",
        description="Of FFmpeg. 0: like any other program, 19: only where nothing else wants the machine.",
        json_schema_extra=_shown("machine"),
    )
    aax_activation_bytes: Annotated[tuple[SecretStr, ...], NoDecode, BeforeValidator(_listed)] = Field(
        default=(),
        title="Activation bytes",
        description="Of your own Audible account, for AAX files that you own.",
        json_schema_extra=_shown("keys"),
    )
    aaxc_keys: Annotated[tuple[SecretStr, ...], NoDecode, BeforeValidator(_listed)] = Field(
        default=(),
        title="AAXC keys",
        description="Of AAXC files that you own, each as label=key:iv or key:iv.",
        json_schema_extra=_shown("keys"),
    )
    audible_key: SecretStr | None = Field(
        default=None,
        title="Audible key",
        description="For an AAXC file that you own.",
        json_schema_extra=_shown("keys"),
    )
    audible_iv: SecretStr | None = Field(
        default=None, title="Audible IV", description="For an AAXC file that you own.", json_schema_extra=_shown("keys")
    )

    @field_validator("aax_activation_bytes", "aaxc_keys", "audible_key", "audible_iv")
    @classmethod
    def _has_the_form_of_a_key(
        cls, value: tuple[SecretStr, ...] | SecretStr | None, info: ValidationInfo
    ) -> tuple[SecretStr, ...] | SecretStr | None:
        """A mistyped key is told when it is entered, without showing it, and not when a book fails."""
        form, meaning = _KEYS[info.field_name or ""]
        for secret in value if isinstance(value, tuple) else (value,):
            if secret and not re.fullmatch(form, secret.get_secret_value()):
                raise ValueError(meaning)
        return value


class SearchSection(Section):
    """How releases are looked for and chosen."""

    deadline_seconds: float = Field(
        default=30, gt=0, le=300, title="Longest wait for an indexer", json_schema_extra=_shown(unit="s")
    )
    minimum_match_score: float = Field(default=70, ge=0, le=100, title="Least match of an automatic choice")


class BackupSection(Section):
    """Backups that are made by themselves: of the database and config.toml, never of the library."""

    interval_days: float = Field(
        default=1.0, ge=0, le=3650, title="Backup every", description="In days; 0: none is made by itself."
    )
    keep: int = Field(default=7, ge=1, le=10_000, title="Backups kept", description="The oldest go first.")
    folder: Path | None = Field(
        default=None, title="Backup folder", description="Default: `backups` in the data folder."
    )
    passphrase: SecretStr | None = Field(
        default=None,
        title="Passphrase",
        description="With it backups hold passwords and keys, sealed. Keep it where the backups are not.",
    )


class LoggingSection(Section):
    """What is written down."""

    level: str = Field(default="INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$", title="Level")
    json_lines: bool = Field(default=False, title="JSON")


class Settings(BaseSettings):
    """All settings. `read` builds them from their four sources."""

    model_config = SettingsConfigDict(
        env_prefix=_PREFIX, env_nested_delimiter="__", extra="ignore", hide_input_in_errors=True
    )

    data_dir: Path = Field(default_factory=_default_data_dir)
    database_url: SecretStr | None = None
    library_path: Path | None = None
    api_key: SecretStr | None = None
    instance: str = Field(default="main", pattern="^[a-z0-9]{1,16}$")
    server: ServerSection = ServerSection()
    library: LibrarySection = LibrarySection()
    download_management: DownloadManagementSection = DownloadManagementSection()
    speed: SpeedSection = SpeedSection()
    qbittorrent: QBittorrentSection = QBittorrentSection()
    embedded: EmbeddedSection = EmbeddedSection()
    direct: DirectSection = DirectSection()
    free_books: FreeBooksSection = FreeBooksSection()
    conversion: ConversionSection = ConversionSection()
    search: SearchSection = SearchSection()
    backup: BackupSection = BackupSection()
    logging: LoggingSection = LoggingSection()

    #: Sources of one `read`; a class attribute, since pydantic asks the class for them.
    _saved: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    _toml: ClassVar[Path | None] = None

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        sources: list[PydanticBaseSettingsSource] = [init_settings, env_settings, _Saved(settings_cls, cls._saved)]
        if cls._toml is not None:
            sources.append(TomlConfigSettingsSource(settings_cls, cls._toml))
        return tuple(sources)

    @property
    def library_root(self) -> Path:
        return (self.library_path or self.library.path or self.default_library).absolute()

    @property
    def default_library(self) -> Path:
        """Where books go as long as nobody has named a folder."""
        return (self.data_dir / "library").absolute()

    @property
    def download_root(self) -> Path:
        return (self.download_management.temp_download_path or self.data_dir / "downloads").absolute()

    @property
    def work_root(self) -> Path:
        return (self.download_management.temp_conversion_path or self.data_dir / "work").absolute()

    @property
    def backup_root(self) -> Path:
        return (self.backup.folder or self.data_dir / "backups").absolute()

    @property
    def database(self) -> str:
        """The database's URL; by default a file in the data folder."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        file = (self.data_dir / "auralarchive.db").absolute()
        return f"sqlite:///{quote(str(file))}"  # a folder's name may hold what ends a URL's path


class _Saved(PydanticBaseSettingsSource):
    """What was saved in the pages."""

    def __init__(self, settings_cls: type[BaseSettings], saved: Mapping[str, Mapping[str, Any]]) -> None:
        super().__init__(settings_cls)
        self._values = {section: dict(values) for section, values in saved.items()}

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:
        return self._values.get(field_name), field_name, False

    def __call__(self) -> dict[str, Any]:
        return {name: values for name, values in self._values.items() if name in self.settings_cls.model_fields}


def read(*, saved: Mapping[str, Mapping[str, Any]] | None = None, toml: Path | None = None, **given: Any) -> Settings:
    """The settings from all their sources; `given` (the command line) stands above the environment.

    `toml` is by default the file `config.toml` in the data folder, where there is one.

    Raises pydantic's `ValidationError` for a value that does not fit.
    """
    if toml is None:
        toml = _file_of(given.get("data_dir"))
    sources = type("_Sources", (Settings,), {"_saved": saved or {}, "_toml": toml, "__module__": __name__})
    settings = sources(**{name: value for name, value in given.items() if value is not None})
    assert isinstance(settings, Settings), "the class made above is one"
    return settings


def _file_of(data_dir: Path | None) -> Path | None:
    folder = data_dir or Path(os.environ.get(f"{_PREFIX}DATA_DIR") or _default_data_dir())
    file = folder / "config.toml"
    return file if file.is_file() else None


def locked_by(section: str, key: str) -> str | None:
    """The environment variable that holds this setting, so that the pages cannot change it."""
    names = [f"{_PREFIX}{section}__{key}".upper()]
    if (section, key) == ("library", "path"):
        names.append(f"{_PREFIX}LIBRARY_PATH")
    present = {name.upper(): value for name, value in os.environ.items()}
    if key in _whole_section(present.get(f"{_PREFIX}{section}".upper(), "")):
        names.append(f"{_PREFIX}{section}".upper())
    return next((name for name in names if name in present), None)


def _whole_section(text: str) -> Mapping[str, Any]:
    """A section may also stand in one variable, as JSON."""
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
