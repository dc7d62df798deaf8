"""Migma: one installation, put together from settings and adapters. The front door for those who want it all."""

from __future__ import annotations

import os
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self, TypeVar

from returns.pipeline import is_successful
from returns.result import Result

from migma_core.decision import MIGMA, STRICT, Policy
from migma_core.ports import Clock, Store, VerifyingProvider
from migma_core.request import BUILT_IN_PROVIDER, AccountId, Brand, Project, SendingDomain

from .campaigns import Campaigns
from .connections import Connections
from .discovery import adapter
from .opt_outs import OptOuts
from .parts import Parts
from .people import Contacts, Suppressions
from .preferences import Preferences
from .runner import Ran, Runner
from .sending import Sending
from .service_mail import ServiceMail
from .settings import FaultySettings, Keys, Settings, create_home, load_keys, load_settings
from .syncing import Syncing

__all__ = ["Migma"]

T = TypeVar("T")
_POLICIES: dict[str, Policy] = {"migma": MIGMA, "strict": STRICT}


class Migma:
    """
    Everything an installation can do, in rooms: ``sending``, ``campaigns``, ``contacts``, ``suppressions``; what the
    holders of links may do, ``opt_outs`` and ``preferences``; ``syncing`` keeps in step with a provider's own audience;
    and the stored things are under ``store``.

    Use it as a context manager, or call `close`.
    """

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.store: Store = parts.store
        self.contacts = Contacts(parts)
        self.suppressions = Suppressions(parts)
        self.sending = Sending(parts)
        self.campaigns = Campaigns(parts, self.sending)
        mail = ServiceMail(parts, self.sending)
        self.opt_outs = OptOuts(parts, mail)
        self.preferences = Preferences(parts, mail)
        self.syncing = Syncing(parts)

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

    def verify_domain(self, account: AccountId, name: str, provider: str | None = None) -> SendingDomain:
        """
        Mark a domain of the account as verified; where a provider is named, only if that says so.

        Raises `ValueError` with its reason, and `LookupError` for a provider that is not connected, or cannot tell.
        """
        if provider is not None and (why := self._domain_fault(provider, name)) is not None:
            raise ValueError(f"{name} is not verified: {why}")
        return self.store.domains.verify(account, name, self.parts.clock.now())

    def _domain_fault(self, name: str, domain: str) -> str | None:
        provider = self.parts.connections.get(name)
        if provider is None:
            raise LookupError(f"the provider {name} is not connected; give it a key, or leave it out")
        if not hasattr(provider, "domain_fault"):
            raise LookupError(f"the provider {name} cannot tell whether a domain may send; leave it out")
        asked: VerifyingProvider = provider  # type: ignore[assignment]  # it has what makes it one
        return asked.domain_fault(domain)

    def runner(self, tell: Callable[[Ran], None] = lambda _: None) -> Runner:
        """What starts campaigns at their time; ``tell`` hears of each that ended, was left for later, or was missed."""
        return Runner(self.parts, self.sending, tell)

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
