"""Migma: one installation, put together from settings and adapters. The front door for those who want it all."""

from __future__ import annotations

import os
from types import TracebackType
from typing import Any, Self, TypeVar

from returns.pipeline import is_successful
from returns.result import Result

from migma_core.decision import MIGMA, STRICT, Policy
from migma_core.ports import Clock, Store
from migma_core.request import BUILT_IN_PROVIDER, Brand, Project

from .campaigns import Campaigns
from .connections import Connections
from .discovery import adapter
from .parts import Parts
from .people import Contacts, Suppressions
from .sending import Sending
from .settings import FaultySettings, Keys, Settings, create_home, load_keys, load_settings

__all__ = ["Migma"]

T = TypeVar("T")
_POLICIES: dict[str, Policy] = {"migma": MIGMA, "strict": STRICT}


class Migma:
    """
    Everything an installation can do, in rooms: ``sending``, ``campaigns``, ``contacts``, ``suppressions``, and the
    stored things under ``store``.

    Use it as a context manager, or call `close`.
    """

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.store: Store = parts.store
        self.contacts = Contacts(parts)
        self.suppressions = Suppressions(parts)
        self.sending = Sending(parts)
        self.campaigns = Campaigns(parts, self.sending)

    @classmethod
    def create(cls, **settings: Any) -> Migma:
        """Make an installation in the home folder, or open the one that is there. Raises what `open` raises."""
        read = {name: value for name, value in settings.items() if not isinstance(value, Policy)}
        create_home(_or_raise(load_settings(**read)))
        return cls.open(**settings)

    @classmethod
    def open(cls, **settings: Any) -> Migma:
        """
        Open an installation: settings from file, environment and arguments, adapters by entry point.

        ``policy`` takes a built-in policy's name, or a `Policy` of your own.

        Raises `FaultySettings` with every fault at once, and `AdapterMissing` with the package to install.
        """
        own = settings.pop("policy") if isinstance(settings.get("policy"), Policy) else None
        read = _or_raise(load_settings(**settings))
        keys = _or_raise(load_keys(read))
        return cls(_parts(read, keys, own or _POLICIES[read.policy]))

    def start_project(self, name: str, brand: Brand) -> Project:
        """Create a project, the container of an audience and its campaigns, under the account."""
        return self.store.projects.create(name, brand, self.parts.clock.now())

    def close(self) -> None:
        """Release the database, and what providers keep open."""
        self.store.close()
        self.parts.connections.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _parts(settings: Settings, keys: Keys, policy: Policy) -> Parts:
    clock: Clock = adapter("migma.clock", settings.clock)()
    connections = Connections(settings, keys, os.environ)
    connections.get(BUILT_IN_PROVIDER)  # told now where its adapter is missing, and not in the middle of a send
    store: Store = adapter("migma.store", settings.store).open(
        settings.database_url, pepper=keys.pepper_bytes(), lease=settings.lease
    )
    return Parts(settings, keys, store, clock, policy, connections)


def _or_raise(result: Result[T, FaultySettings]) -> T:
    if is_successful(result):
        return result.unwrap()
    raise result.failure()
