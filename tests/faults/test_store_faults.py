"""Every call of a small campaign to its store fails once, in each way that calls can fail (reliability §13, §15)."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Final

import pytest
from migma_runtime.spool import Spool
from sqlalchemy import make_url

from migma_core import DeliveryState, Purpose
from migma_core.delivery import Evidence
from migma_core.delivery.recording import MOST_TRIES
from migma_core.ports import StoreFault, StoreUnreachable
from tests.support.examples import is_thorough
from tests.support.faulty import FAULTS, Fault, Faults
from tests.support.invariants import counts, violations
from tests.support.lossy import Wire, lossy_wire
from tests.support.postgresql import empty_database
from tests.support.small_campaigns import WORLDS, Campaign, Stage, World, on_this_stage, settled_well

TRIED: Final = (
    FAULTS if is_thorough() else [one for one in FAULTS if one.name in {"busy", "commit lost", "commit kept"}]
)
"""By default those that differ to the loop; the others it meets as it meets the first."""


def work(campaign: Campaign, faults: Faults, *, awaited: bool = False) -> bool:
    """Carry the campaign out with these faults; whether the command came to its end all the same."""
    ports = campaign.ports(campaign.stage.stores[0], faults.of, faults.of)
    try:
        (campaign.work_awaited_on if awaited else campaign.work_on)(ports)
    except StoreFault:
        return False
    return True


@pytest.mark.parametrize("way", TRIED, ids=lambda way: way.name)
@pytest.mark.parametrize("world", WORLDS if is_thorough() else WORLDS[:1], ids=str)
def test_every_call_to_the_store_may_fail_once(
    stage: Stage, world: World, way: Fault, told: Callable[[str, int], None]
) -> None:
    """The command ends with the fault and goes on when repeated; what a provider answered it keeps meanwhile itself."""
    whole = Faults(way)
    work(stage.campaign(world, together=1), whole)
    for number, name in enumerate(whole.called):
        campaign, faults = stage.campaign(world, together=1), Faults(way, frozenset({number}))
        went_on = work(campaign, faults)
        assert faults.injected == 1
        assert went_on is (name == "record"), f"{name}: only who knows what nobody else knows goes on by itself"
        stage.leases_end()
        campaign.work(stage.stores[0])
        settled_well(campaign)
        run = campaign.run()
        assert counts(run).duplicates == 0
        if name != "commit_attempts":  # where that was kept, nobody can know that nothing left
            assert counts(run).states == {DeliveryState.ACCEPTED: 2}
    assert len(whole.called) >= 14
    told("faults of the store injected, all survived", len(whole.called))


@pytest.mark.parametrize("doubted", [False, True], ids=["at once", "doubted meanwhile"])
@pytest.mark.parametrize("awaited", [False, True], ids=["waiting", "awaited"])
@pytest.mark.parametrize("world", WORLDS, ids=str)
def test_what_was_answered_while_the_store_was_away_is_recorded_by_the_next_run(
    stage: Stage, world: World, awaited: bool, doubted: bool, tmp_path: Path
) -> None:
    """From the spool it is accepted: nothing is held for want of it, and only a policy has repeated it meanwhile."""
    campaign, spool = stage.campaign(world, together=1, doubts=int(doubted)), Spool(tmp_path / "spool")
    faults = Faults(FAULTS[3], named="record")
    ports = replace(campaign.ports(stage.stores[0], faults.of, faults.of), spool=spool)
    with pytest.raises(StoreFault) as told:
        (campaign.work_awaited_on if awaited else campaign.work_on)(ports)
    assert told.value.__notes__ == ["What was answered is kept, and recorded by the next run."]
    assert len(campaign.provider.accepted) == 1
    if doubted:
        stage.leases_end()
        campaign.work(stage.stores[0])

    assert spool.take_up(stage.stores[0].ledger) == 1

    campaign.work(stage.stores[0])
    run = campaign.run()
    assert violations(run) == []
    assert counts(run).states == {DeliveryState.ACCEPTED: 2}
    assert counts(run).duplicates == int(doubted and world == (Purpose.TRANSACTIONAL, Evidence.NONE))
    assert spool.take_up(stage.stores[0].ledger) == 0


def test_whoever_interrupts_a_command_that_waits_for_the_store_loses_no_answer(stage: Stage, tmp_path: Path) -> None:
    """Ctrl-C between two tries: the answer is in the spool since the first of them."""
    campaign, faults, spool = stage.campaign(WORLDS[0], together=1), Faults(FAULTS[3], named="record"), Spool(tmp_path)

    def interrupt(effect: str, *, done: bool) -> None:
        if effect == "Wait" and not done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        campaign.work_on(replace(campaign.ports(stage.stores[0], faults.of, faults.of), spool=spool), interrupt)
    assert faults.injected == 1
    assert spool.take_up(stage.stores[0].ledger) == 1
    assert counts(campaign.run()).states[DeliveryState.ACCEPTED] == 1


@pytest.mark.parametrize("awaited", [False, True], ids=["waiting", "awaited"])
@pytest.mark.parametrize("world", WORLDS, ids=str)
def test_an_outcome_that_cannot_be_written_for_long_is_neither_lost_nor_repeated(
    stage: Stage, world: World, awaited: bool
) -> None:
    """After so many tries the fault ends the command; the row stays in doubt, and is settled as after a crash."""
    campaign, faults = stage.campaign(world, together=1, doubts=1), Faults(FAULTS[0], named="record")
    assert not work(campaign, faults, awaited=awaited)
    assert faults.injected == MOST_TRIES
    assert len(campaign.provider.accepted) == 1
    stage.leases_end()
    campaign.work(stage.stores[0])
    run = campaign.run()
    assert violations(run) == []
    held = counts(run).states.get(DeliveryState.HELD, 0)
    assert held == int(world == (Purpose.MARKETING, Evidence.NONE))


@pytest.fixture(scope="module")
def wired(postgres_server: str) -> Iterator[tuple[Wire, Stage]]:
    """A stage at the end of a wire to PostgreSQL that breaks."""
    if "host" not in make_url(postgres_server).query:
        pytest.skip("the wire breaks a socket's file, and the server given is reached over the network")
    with (
        tempfile.TemporaryDirectory(prefix="migma-wire.") as folder,  # the path of a socket must be short
        empty_database(postgres_server) as url,
        lossy_wire(url, Path(folder)) as wire,
        on_this_stage(wire.url, 2, stores=1) as stage,
    ):
        yield wire, stage


@pytest.mark.parametrize("heard", [False, True], ids=["before the server hears it", "after the server has done it"])
def test_the_connection_may_be_lost_at_every_packet(
    wired: tuple[Wire, Stage], heard: bool, told: Callable[[str, int], None]
) -> None:
    """Cut at each packet in turn, on either side of the server's answer, a campaign ends when it is repeated."""
    wire, stage = wired
    survived = 0
    for cut in count(1, 1 if is_thorough() else 31):
        campaign = stage.campaign()
        before, wire.broken, wire.heard = wire.packets, 0, heard
        wire.breaks_at = lambda number, packet, at=before + cut: number == at  # type: ignore[misc]  # its default is the third
        with suppress(StoreUnreachable):
            campaign.work(stage.stores[0])
        wire.breaks_at = lambda number, packet: False
        if not wire.broken:  # it was through before: how many packets it takes differs by a few
            assert wire.packets - before < cut
            break
        assert wire.broken == 1
        survived += 1
        stage.leases_end()
        campaign.work(stage.stores[0])
        settled_well(campaign)
        assert counts(campaign.run()).duplicates == 0
    assert survived > 3, "a campaign is well over a hundred packets"
    told("connections to the server lost, all survived", survived)
