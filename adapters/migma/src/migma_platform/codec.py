"""The codec: one approved message in one direct send, and whether a domain may send there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

from migma_http import Answer, DomainState, HttpRequest, HttpResponse, NextPage
from returns.result import Failure, Result, Success

from migma_core.audience import TopicId
from migma_core.delivery import Attempt, Outcome, Parcel
from migma_core.message import Batch
from migma_core.ports import Capabilities
from migma_core.request.domain import MANAGED_SUFFIX

from .api import Api
from .body import encode
from .call import Call, call, check_key, one
from .limits import CAPABILITIES
from .outcomes import outcome_of
from .problem import Problem, ProblemKind
from .resources import domains
from .resources.domains import Domain
from .resources.sending import ProviderType, Sent

__all__ = ["MigmaCodec"]

_SEND: Call[Sent] = call("POST", ("sending",), one(Sent))


class MigmaCodec:
    """
    A `migma_http.Codec` and `migma_http.DomainCodec`. ``project`` is Migma's id of ours, ``topics`` are its ids of our
    topics, as far as they were made known there.
    """

    __slots__ = ("_api", "_project", "_provider", "_topics")

    capabilities: ClassVar[Capabilities] = CAPABILITIES

    def __init__(
        self,
        api: Api,
        project: str,
        *,
        provider: ProviderType = "migma",
        topics: Mapping[TopicId, str] | None = None,
    ) -> None:
        self._api, self._project, self._provider = api, project, provider
        self._topics = dict(topics or {})

    def knowing(self, topics: Mapping[TopicId, str]) -> MigmaCodec:
        """The same, with these topics known."""
        return MigmaCodec(self._api, self._project, provider=self._provider, topics=topics)

    def encode(self, batch: Batch, /) -> Parcel:
        """The send as it will leave. Raises `CannotCarry`."""
        return Parcel((encode(batch, self._project, provider=self._provider, topics=self._topics),))

    def request(self, _batch: Batch, parcel: Parcel, attempt: Attempt, /) -> HttpRequest:
        """The one request, under the attempt's own key: handed over again within a day, it is sent once (R63)."""
        return self._api.request(replace(_SEND, body=parcel.bodies[0], key=check_key(attempt.idempotency_key)))

    def decode(self, batch: Batch, answer: Answer, /) -> tuple[Outcome, ...]:
        """One outcome per message, for whatever came."""
        return (outcome_of(self._api, _SEND, answer),) * len(batch.messages)

    def domain_request(self, name: str, _after: str | None = None, /) -> HttpRequest:
        """Ask about one domain; a managed one is found among the managed."""
        if name.endswith(MANAGED_SUFFIX):
            return self._api.request(domains.list_managed())
        return self._api.request(domains.get(name))

    def read_domain(self, name: str, answer: Answer, /) -> Result[DomainState | NextPage, str]:
        """Whether the domain is verified there, and not suspended."""
        if name.endswith(MANAGED_SUFFIX):
            listed = self._api.read(domains.list_managed(), answer)
            return listed.map(lambda rows: _listed(name, rows)).alt(str)
        found = self._api.read(domains.get(name), answer)
        return found.map(lambda row: _state(name, row)).lash(lambda problem: _not_told(name, problem, answer))

    def __repr__(self) -> str:
        return f"MigmaCodec({self._api!r}, {self._project!r})"


def _listed(name: str, rows: tuple[Domain, ...]) -> DomainState | NextPage:
    found = [one for one in rows if one.domain.lower() == name]
    return _state(name, found[0]) if found else _unknown(name)


def _state(name: str, domain: Domain) -> DomainState | NextPage:
    if domain.may_send:
        return DomainState(name, may_send=True)
    return DomainState(name, may_send=False, why=f"Migma says of the domain: {(domain.status or 'not verified')[:40]}")


def _unknown(name: str) -> DomainState:
    return DomainState(name, may_send=False, why="Migma does not know the domain: add it there")


def _not_told(name: str, problem: Problem, answer: Answer) -> Result[DomainState | NextPage, str]:
    if isinstance(answer, HttpResponse) and problem.kind is ProblemKind.NOT_FOUND:
        return Success(_unknown(name))
    return Failure(str(problem))
