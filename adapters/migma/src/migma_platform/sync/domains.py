"""Domains: whatever either side has, the other learns of; what is stopped there is stopped here (R38, R43, R46)."""

from __future__ import annotations

from migma_core.request import SendingDomain

from ..problem import Conflict, Forbidden, InvalidCall
from ..resources import domains as api
from ..resources.domains import Domain
from .task import Pass

__all__ = ["keep_domains"]


def keep_domains(task: Pass) -> None:
    """Take what Migma has, and add ours there; ours are verified and suspended on its word, never the reverse."""
    there = {one.domain.lower(): one for one in (*task.ask(api.list_all()), *task.ask(api.list_managed()))}
    for name, theirs in there.items():
        _take(task, name, theirs)
    for ours in task.store.domains.list(task.project.account):
        if ours.name not in there:
            _give(task, ours)


def _take(task: Pass, name: str, theirs: Domain) -> None:
    rooms, account, now = task.store.domains, task.project.account, task.clock.now()
    try:
        SendingDomain(name)
    except ValueError as wrong:
        task.notes.append(f"Migma has a domain that cannot be kept here: {wrong}")
        return
    ours = rooms.get(account, name)
    if ours is None:
        ours = rooms.add(account, name, now)
        task.counts["domains_added_here"] += 1
    if theirs.is_suspended and not ours.is_suspended:
        rooms.suspend(account, name)
        task.counts["domains_suspended_here"] += 1
    elif theirs.may_send and not ours.is_verified:
        rooms.verify(account, name, now)
        task.counts["domains_verified_here"] += 1


def _give(task: Pass, ours: SendingDomain) -> None:
    """Make a domain known there, where it waits for its records; a managed one is Migma's to give."""
    if ours.is_managed:
        task.notes.append(f"{ours.name} is managed by Migma, and this account does not have it there")
        return
    try:
        task.ask(api.add(ours.name))
    except (Conflict, Forbidden, InvalidCall) as refused:
        task.notes.append(f"{ours.name} could not be added there: {refused.problem.said or refused}")
        return
    task.counts["domains_added_there"] += 1
