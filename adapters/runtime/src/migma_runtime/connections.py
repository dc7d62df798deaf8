"""Connections: the providers that this installation has keys for, each put together when it is first needed (R44)."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import entry_points
from typing import Any, Final

from returns.result import Failure, Result, Success

from migma_core.ports import Keeper, Provider
from migma_core.request import BUILT_IN_PROVIDER, PROVIDERS

from .discovery import adapter
from .settings import FaultySettings, Keys, Settings, told

__all__ = ["Connections", "connect"]

_KEEPERS: Final = "migma.sync"
_OTHERS = tuple(name for name in PROVIDERS if name != BUILT_IN_PROVIDER)


class Connections:
    """
    Providers by the names that requests use. One is connected where there is anything about it in ``migma.toml``, in
    ``keys.toml`` (a table ``[providers.<name>]`` in both), or in the environment (``MIGMA_<NAME>_<OPTION>``).

    A fault in one is told to who uses it, and stops nothing else.
    """

    def __init__(self, settings: Settings, keys: Keys, environment: Mapping[str, str]) -> None:
        self._settings = settings
        self._options = {name: _options(name, settings, keys, environment) for name in (*_OTHERS, settings.provider)}
        self._made: dict[str, Provider] = {}
        self._keeper: Keeper | None = None
        self._keeps = bool(entry_points(group=_KEEPERS, name=settings.provider))  # asked once: each claim wants to know

    @property
    def names(self) -> frozenset[str]:
        """The providers that may be named; the built-in one always may (A30)."""
        return frozenset({BUILT_IN_PROVIDER, *(name for name in _OTHERS if self._options[name])})

    def get(self, name: str) -> Provider | None:
        """
        The provider of this name, or ``None`` where it is not connected.

        Raises `AdapterMissing` with the package to install, `FaultySettings` with what is wrong and where to set it.
        """
        if name not in self.names:
            return None
        if name not in self._made:
            bound = self._settings.provider if name == BUILT_IN_PROVIDER else name
            self._made[name] = _or_raise(connect(bound, self._options[bound], self._settings))
        return self._made[name]

    @property
    def bound(self) -> str:
        """The adapter that the built-in provider is bound to (design D16)."""
        return self._settings.provider

    def keeper(self) -> Keeper | None:
        """
        Who keeps an audience of its own behind the built-in provider, or ``None`` where that is nobody.

        Raises `FaultySettings` with what is wrong and where to set it.
        """
        if self._keeper is None and self._keeps:
            self._keeper = _or_raise(connect(self.bound, self._options[self.bound], self._settings, _KEEPERS))
        return self._keeper

    def close(self) -> None:
        """Close what providers keep open."""
        for made in (*self._made.values(), self._keeper):
            close = getattr(made, "close", None)
            if close is not None:
                close()


def connect(
    name: str, options: Mapping[str, Any], settings: Settings, group: str = "migma.provider"
) -> Result[Any, FaultySettings]:
    """Load a provider's adapter, read its options, and connect it; one without options lives in the outbox's folder."""
    entry = adapter(group, name)
    if not hasattr(entry, "connect"):
        return Success(entry(settings.outbox_path))
    try:
        return Success(entry.connect(entry.Settings(**options)))
    except ValueError as wrong:  # of the options, or of what they lead to
        where = f"set MIGMA_{name.upper()}_<NAME>, or [providers.{name}] in migma.toml; keys belong in keys.toml"
        return Failure(FaultySettings(f"the provider {name} cannot be connected: {told(wrong)} ({where})"))


def _options(name: str, settings: Settings, keys: Keys, environment: Mapping[str, str]) -> dict[str, Any]:
    """File, then secrets, then environment: the later wins."""
    prefix = f"MIGMA_{name.upper()}_"
    secrets = {option: value.get_secret_value() for option, value in keys.providers.get(name, {}).items()}
    spoken = {key[len(prefix) :].lower(): value for key, value in environment.items() if key.startswith(prefix)}
    return {**settings.providers.get(name, {}), **secrets, **spoken}


def _or_raise(result: Result[Any, FaultySettings]) -> Any:
    if isinstance(result, Failure):
        raise result.failure()
    return result.unwrap()
