"""Jobs: what the loop needs for one send, put together from the installation's parts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Final, NamedTuple

from migma_core.delivery import Evidence, Job, SendId
from migma_core.delivery.effects import ClaimedRow
from migma_core.message import Compiled, TokenKeys
from migma_core.ports import Capabilities, Provider
from migma_core.request import SendRequest

from .acceptance import check_content
from .holding import Hold
from .pacing import Limits, Pacing, rate_of
from .parts import Parts
from .performing import Ports

__all__ = ["PATIENCE", "Work", "job_of", "ports_of", "work_of"]

PATIENCE: Final = 900.0
"""For how many seconds a run waits for messages that rest, before it ends."""


class Work(NamedTuple):
    """One send's outside, and its job."""

    ports: Ports
    job: Job


def work_of(parts: Parts, send: SendId, hold: Hold | None = None, patience: float = PATIENCE) -> Work:
    """
    What it takes to carry out an accepted send, in either colour, for as long as the ``hold`` is ours. What an earlier
    run could not record is recorded first. Raises what accepting it raises.
    """
    parts.spool.take_up(parts.store.ledger)
    request = parts.store.sends.get(send).request
    provider = parts.provider(request)
    brand = parts.store.projects.get(request.project).brand
    fields = parts.store.contacts.field_names(request.project)
    compiled = check_content(request, brand, fields, provider.capabilities)
    ports, job = ports_of(parts, request, provider), job_of(parts, send, compiled, provider)
    return Work(ports if hold is None else hold.of(ports), replace(job, patience=patience))


def job_of(parts: Parts, send: SendId, compiled: Compiled, provider: Provider) -> Job:
    """The job of carrying out one send through this provider."""
    settings, can = parts.settings, provider.capabilities
    together = can.together(compiled.request)
    return Job(
        send,
        compiled,
        parts.policy,
        TokenKeys(parts.keys.token_bytes()),
        can.name,
        provider.encode,
        _carrier(can),
        min(settings.batch_size, together),
        # where a hand-over is one message, several are under way; a batch is enough by itself (design D9)
        at_once=settings.at_once if together == 1 else 1,
        evidence=_evidence(can),
        unknown=settings.unknown_of(compiled.purpose),
    )


def ports_of(parts: Parts, request: SendRequest, provider: Provider) -> Ports:
    """The outside of one send."""
    settings, clock, name = parts.settings, parts.clock, provider.capabilities.name
    rate = settings.pace.get(name) or rate_of(provider)
    limits = Limits(rate, settings.warm_up.get(request.sender.domain))
    account = parts.store.projects.get(request.project).account
    pacing = Pacing(parts.store.pace, account, name, request.sender.domain, limits, lambda: clock.now().date())
    inform = partial(parts.informed, request=request, account=account)
    return Ports(parts.store.ledger, provider, clock, pacing, settings.lease, inform, spool=parts.spool)


def _evidence(can: Capabilities) -> Evidence:
    if can.lists_deliveries:
        return Evidence.LISTS
    return Evidence.REPEATS if can.knows_repeats else Evidence.NONE


def _carrier(capabilities: Capabilities) -> Callable[[ClaimedRow], str | None]:
    def refusal(row: ClaimedRow) -> str | None:
        if row.facts.address.is_international and not capabilities.international_local_parts:
            return f"{capabilities.name} cannot carry an address with a non-ASCII local part (RFC 6531)"
        return None

    return refusal
