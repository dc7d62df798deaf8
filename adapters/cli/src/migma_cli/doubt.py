"""``migma campaigns held`` and ``reconcile``: what a crash or a lost answer left in doubt, and how it is settled."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from migma_runtime import HeldVerdict, Migma

from migma_core.ports import DeliveryRecord, SendRecord

from .answers import show_answer
from .common import USUAL, Mistake, Options
from .following import follow
from .left_over import on_its_way, what_is_held
from .screen import Screen, for_people

__all__ = ["held", "reconcile"]


def reconcile(campaign: str, /, *, common: Options = USUAL) -> int:
    """Settle what a crash or a lost answer left in doubt, and send nothing new."""
    with common.open() as migma:
        record = _any_send(migma, common, campaign)
        answer = follow(common.screen, lambda watch: migma.campaigns.reconcile(record, watch))
    show_answer(common.screen, answer)
    for told in (on_its_way(answer), what_is_held(answer, campaign)):
        if told is not None:
            common.screen.warn(told)
    return 0


def held(
    campaign: str,
    /,
    *,
    settle: Annotated[HeldVerdict | None, Parameter(help="Say what became of them, or send them again.")] = None,
    address: Annotated[tuple[str, ...], Parameter(help="Only the messages to these addresses.")] = (),
    addresses: Annotated[Path | None, Parameter(help="The same, from a file with one address a line.")] = None,
    common: Options = USUAL,
) -> int:
    """
    List messages of which nobody knows whether they were accepted, or settle them by your word. A direct send is named
    by its id.
    """
    only = (*address, *_lines(addresses))
    with common.open() as migma:
        record = _any_send(migma, common, campaign)
        if settle is None:
            return _list_held(common.screen, migma.campaigns.held(record), only, campaign)
        settled = migma.campaigns.settle_held(record, settle, only or None)
    common.screen.say(f"Settled {settled:,} as {settle}." + _what_next(record, campaign, settle, settled))
    common.screen.json({"settled": settled, "as": settle})
    return 0


def _any_send(migma: Migma, common: Options, given: str) -> SendRecord:
    """A campaign by id or name, or a direct send by its id. Raises `LookupError`."""
    return migma.sending.find(common.project_of(migma).id, given)


def _lines(path: Path | None) -> tuple[str, ...]:
    """The addresses of a file. An empty one names nobody, and must not be taken for everybody."""
    if path is None:
        return ()
    found = tuple(line.strip() for line in path.read_text(encoding="utf-8-sig").splitlines() if line.strip())
    if not found:
        raise Mistake(f"{path} names nobody: write one address a line, or leave --addresses out to mean all")
    return found


def _list_held(screen: Screen, found: Sequence[DeliveryRecord], only: Sequence[str], send: str) -> int:
    shown = [one for one in found if not only or one.address in only]
    rows = ((for_people(one.address), one.why, f"{one.updated_at:%Y-%m-%d %H:%M:%S}") for one in shown)
    screen.table(("address", "why", "when"), rows, "Nothing is held.")
    if shown:
        screen.say(
            f"Look them up at the provider, then say what you found, for all or with --address for some:\n"
            f"  it has them:                  migma campaigns held {send} --settle accepted\n"
            f"  it has not, send them again:  migma campaigns held {send} --settle again\n"
            f"  it has not, leave it so:      migma campaigns held {send} --settle rejected"
        )
    screen.json(shown)
    return 0


def _what_next(record: SendRecord, send: str, verdict: HeldVerdict, settled: int) -> str:
    if verdict is not HeldVerdict.AGAIN or not settled:
        return ""
    return f" They go with the next: migma {'resume' if record.name is None else 'campaigns send'} {send}"
