"""Settings: from a file, the environment and arguments, in growing strength; secrets in a file of their own."""

from __future__ import annotations

import os
import secrets
import tomllib
from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource
from returns.result import Failure, Result, Success

from migma_core.decision import Purpose
from migma_core.delivery import Rate, WarmUp, WhenUnknown

__all__ = ["FaultySettings", "Keys", "Settings", "create_home", "load_keys", "load_settings", "told"]

_SETTINGS_FILE = "migma.toml"
_KEYS_FILE = "keys.toml"
_SECRETS = frozenset({"api_key", "password", "secret_access_key", "session_token"})


class FaultySettings(ValueError):
    """The settings cannot be used: every fault at once, each with its place."""


class Settings(BaseSettings):
    """
    How this installation is put together.

    Each value may come from ``migma.toml`` in the home folder, from ``MIGMA_<NAME>`` in the environment, or from an
    argument; the later wins. Relative paths are relative to the home folder.
    """

    model_config = SettingsConfigDict(env_prefix="MIGMA_", extra="forbid", frozen=True)

    home: Path = Path(".migma")
    store: str = "sqlite"
    database: str = "sqlite:///migma.db"
    provider: str = Field("outbox", description="the adapter that the built-in provider migma is bound to (design D16)")
    outbox: Path = Path("outbox")
    clock: str = "system"
    log: Path | None = Field(None, description="a file that the command line appends what happens to, as JSON lines")
    policy: str = "migma"
    lease_seconds: float = Field(30.0, gt=0, le=3600)
    languages: tuple[str, ...] = Field(("en", "de"), min_length=1, description="of the pages, the usual one first")
    grace_hours: float = Field(6.0, ge=0, le=8760, description="how late a scheduled campaign may start by itself")
    campaigns_at_once: int = Field(4, ge=1, le=64, description="that one runner carries out")
    batch_size: int = Field(500, ge=1, le=1000)
    at_once: int = Field(8, ge=1, le=256, description="hand-overs under way at a time, where each is one message")
    workers: int = Field(2, ge=1, le=64, description="processes, as far as there are cores, at one large send")
    pace: dict[str, Rate] = Field({}, description="by provider: messages a second, at most at once, and in a day")
    warm_up: dict[str, WarmUp] = Field({}, description="by sending domain: the day it started, and each day's cap")
    unknown_marketing: WhenUnknown = Field(WhenUnknown.HOLD, description="what nobody can know: hold or resend")
    unknown_transactional: WhenUnknown = Field(WhenUnknown.RESEND, description="the same; at most two are sent")
    providers: dict[str, dict[str, Any]] = Field({}, description="what each connected provider is told; no secrets")

    @field_validator("providers")
    @classmethod
    def _no_secrets(cls, providers: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
        for name, options in providers.items():
            if not _SECRETS.isdisjoint(options):
                raise ValueError(
                    f"the key of {name} does not belong here: put it into keys.toml, under [providers.{name}]"
                )
        return providers

    @field_validator("policy")
    @classmethod
    def _known_policy(cls, name: str) -> str:
        if name not in {"migma", "strict"}:
            raise ValueError("the policies that settings can name are migma and strict")
        return name

    @property
    def database_url(self) -> str:
        """The database, with a relative SQLite path placed in the home folder."""
        start = "sqlite:///"
        path = self.database.removeprefix(start)
        relative = self.database.startswith(start) and path != ":memory:" and not Path(path).is_absolute()
        return f"{start}{(self.home / path).resolve()}" if relative else self.database

    @property
    def lease(self) -> timedelta:
        """How long a claim is another worker's to respect."""
        return timedelta(seconds=self.lease_seconds)

    @property
    def grace(self) -> timedelta:
        """How late a scheduled campaign may start by itself."""
        return timedelta(hours=self.grace_hours)

    def unknown_of(self, purpose: Purpose) -> WhenUnknown:
        """What to do about a message of this purpose that may or may not have been accepted."""
        return self.unknown_marketing if purpose is Purpose.MARKETING else self.unknown_transactional

    @property
    def outbox_path(self) -> Path:
        """The Maildir of the local outbox."""
        return self.home / self.outbox

    @property
    def spool_path(self) -> Path:
        """Where answers wait for a database that cannot take them."""
        return self.home / "spool"

    @property
    def log_path(self) -> Path | None:
        """The log of the command line."""
        return None if self.log is None else self.home / self.log

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - pydantic-settings passes it by name
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - likewise
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments over environment over file."""
        home = init_settings().get("home") or env_settings().get("home") or Path(".migma")
        file = TomlConfigSettingsSource(settings_cls, Path(home) / _SETTINGS_FILE)
        return init_settings, env_settings, file


class Keys(BaseModel):
    """The secrets: the pepper of address keys, the keys that sign links by number, and providers' own. Never shown."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    pepper: SecretStr
    token_keys: dict[int, SecretStr]
    providers: dict[str, dict[str, SecretStr]] = {}

    @field_validator("pepper")
    @classmethod
    def _is_long_hex(cls, secret: SecretStr) -> SecretStr:
        return _hex_of_256_bits(secret)

    @field_validator("token_keys")
    @classmethod
    def _are_long_hex(cls, secrets_by_number: dict[int, SecretStr]) -> dict[int, SecretStr]:
        return {number: _hex_of_256_bits(secret) for number, secret in secrets_by_number.items()}

    def pepper_bytes(self) -> bytes:
        """The pepper itself."""
        return bytes.fromhex(self.pepper.get_secret_value())

    def token_bytes(self) -> dict[int, bytes]:
        """The token keys themselves, by number."""
        return {number: bytes.fromhex(key.get_secret_value()) for number, key in self.token_keys.items()}


def load_settings(**arguments: Any) -> Result[Settings, FaultySettings]:
    """Read file, environment and arguments; a fault in any of them is told with all the others."""
    try:
        return Success(Settings(**arguments))
    except (ValidationError, tomllib.TOMLDecodeError) as wrong:
        return Failure(FaultySettings(f"the settings cannot be used: {told(wrong)}"))


def load_keys(settings: Settings) -> Result[Keys, FaultySettings]:
    """Read the secrets of an installation made by `create_home`."""
    path = settings.home / _KEYS_FILE
    try:
        return Success(Keys.model_validate(tomllib.loads(path.read_text())))
    except FileNotFoundError:
        return Failure(FaultySettings(f"there is no installation in {settings.home}; make one with: migma init"))
    except (ValidationError, tomllib.TOMLDecodeError) as wrong:
        return Failure(FaultySettings(f"{path} cannot be used: {told(wrong)}"))


def create_home(settings: Settings) -> bool:
    """Make the home folder with fresh secrets, readable by their owner only; ``False`` if there was one already."""
    settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)  # people's addresses are nobody else's to read
    path = settings.home / _KEYS_FILE
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    with os.fdopen(handle, "w") as file:
        file.write(
            "# Losing the pepper loses every denial, losing a token key breaks links already sent. Keep a copy.\n"
        )
        file.write(f'pepper = "{secrets.token_hex(32)}"\n\n[token_keys]\n1 = "{secrets.token_hex(32)}"\n')
    return True


def _hex_of_256_bits(secret: SecretStr) -> SecretStr:
    text = secret.get_secret_value()
    if len(text) < 64 or not set(text) <= set("0123456789abcdef"):  # noqa: PLR2004 - 256 bits (E-03)
        raise ValueError("a secret is at least 64 lower-case hex digits; make one with secrets.token_hex(32)")
    return secret


def told(wrong: Exception) -> str:
    """Every fault of settings with its place, and never a value."""
    if not isinstance(wrong, ValidationError):
        return str(wrong)
    return "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in wrong.errors(include_input=False))
