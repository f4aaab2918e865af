"""Settings of the direct client."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from auralarchive.clients.folders import OwnFolder
from auralarchive.ports.adapters import SELDOM


class DirectSettings(BaseModel):
    """The built-in client for files that a site offers by plain links."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    download_folder: OwnFolder = Field(
        title="Download folder", description="Each book gets a folder of its own below it. Not inside the library."
    )
    files_at_once: int = Field(default=4, title="Files at once", ge=1, le=32)
    files_per_server: int = Field(
        default=2,
        title="Files at once from one server",
        ge=1,
        le=16,
        description="Free sites live on donations: ask for little at a time.",
    )
    pause_seconds: float = Field(
        default=1.0,
        title="Pause between files",
        ge=0,
        le=3600,
        description="Before the same server is asked again.",
        json_schema_extra={"unit": "s"},
    )
    download_limit: int = Field(
        default=0,
        title="Download limit",
        ge=0,
        le=2**40,
        description="In all; 0 for none.",
        json_schema_extra={"unit": "bytes/s"},
    )
    reserve_bytes: int = Field(
        default=1 << 30, title="Space to leave free", ge=0, le=1 << 60, json_schema_extra={"unit": "bytes"}
    )
    largest_file: int = Field(
        default=4 << 30,
        title="Largest file",
        ge=1,
        le=1 << 40,
        description="A file whose size the site does not tell is given up beyond it.",
        json_schema_extra={"unit": "bytes", **SELDOM},
    )
    give_up_hours: float = Field(
        default=48,
        title="Give up after hours",
        gt=0,
        le=10_000,
        description="A server that sends nothing is asked again for so long.",
        json_schema_extra=SELDOM,
    )
    loopback: bool = Field(
        default=False,
        title="For tests: this machine only",
        description="Servers on 127.0.0.1 and nothing else.",
        json_schema_extra=SELDOM,
    )
