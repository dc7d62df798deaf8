"""Campaigns: the legal steps, all of them, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from migma_core import (
    Action,
    Address,
    Campaign,
    CampaignConflict,
    CampaignStatus,
    Content,
    OneAddress,
    ProjectId,
    SendRequest,
    TagHolders,
    advance,
)

# From where, by what, to where: R51 to R55, the whole list.
LEGAL = {
    ("draft", "schedule"): "scheduled",
    ("draft", "send"): "sending",
    ("draft", "cancel"): "cancelled",
    ("scheduled", "schedule"): "scheduled",
    ("scheduled", "unschedule"): "draft",
    ("scheduled", "miss"): "draft",
    ("scheduled", "send"): "sending",
    ("scheduled", "cancel"): "cancelled",
    ("sending", "send"): "sending",
    ("sending", "pause"): "paused",
    ("sending", "finish"): "sent",
    ("sending", "fail"): "failed",
    ("sending", "cancel"): "cancelled",
    ("paused", "send"): "sending",
    ("paused", "cancel"): "cancelled",
    ("sent", "reopen"): "sending",
    ("failed", "reopen"): "sending",
}

REQUEST = SendRequest(
    project=ProjectId("p" * 32),
    sender=Address("news", "example.com"),
    sender_name="Acme",
    recipients=TagHolders("beta"),
    content=Content("Hello", "<p>Hello</p>"),
)


def test_a_campaign_takes_legal_steps_only() -> None:
    """Of all 63 pairs of a status and an action, seventeen lead on and the others are conflicts (R51, R55)."""
    for status, action in product(CampaignStatus, Action):
        expected = LEGAL.get((status, action))
        if expected is not None:
            assert advance(status, action) is CampaignStatus(expected)
            continue
        with pytest.raises(CampaignConflict) as conflict:
            advance(status, action)
        assert (conflict.value.status, conflict.value.action) == (status, action)


@pytest.mark.parametrize(
    ("status", "action", "words"),
    [
        ("paused", "schedule", "a campaign that is paused cannot schedule; it can: cancel, send"),
        ("sending", "schedule", "a campaign that is sending cannot schedule; it can: cancel, pause, send"),
        ("scheduled", "pause", "a campaign that is scheduled cannot pause; it can: cancel, schedule, send, unschedule"),
        ("sent", "cancel", "a campaign that is sent cannot cancel; nothing more can happen to it; create a new one"),
    ],
)
def test_a_conflict_says_what_is_possible(status: str, action: str, words: str) -> None:
    """The message names the steps that are left, or that there are none."""
    with pytest.raises(CampaignConflict, match=words):
        advance(CampaignStatus(status), Action(action))


def test_sent_failed_and_cancelled_are_final() -> None:
    """No step leads out of them but to held messages that are to be sent after all (R55)."""
    ends = {status for status in CampaignStatus if all((status, action) not in LEGAL for action in Action)}
    ended = {CampaignStatus.SENT, CampaignStatus.FAILED, CampaignStatus.CANCELLED}
    ways_out = {action for status in ended for action in Action if (status, action) in LEGAL}
    assert ends == {CampaignStatus.CANCELLED}
    assert ways_out == {Action.REOPEN}


def test_a_campaign_goes_to_an_audience() -> None:
    """One address is sent to directly (R50)."""
    one = replace(REQUEST, recipients=OneAddress(Address("ada", "example.org")))
    with pytest.raises(ValueError, match="goes to a segment or a tag; send to one address directly"):
        Campaign("May", one)


def test_a_campaign_is_never_transactional() -> None:
    """The flag has no place on it; saying False is saying nothing (R8, A32)."""
    assert Campaign("May", replace(REQUEST, transactional=False)).name == "May"
    with pytest.raises(ValueError, match="always marketing; send a transactional batch directly"):
        Campaign("May", replace(REQUEST, transactional=True))


@pytest.mark.parametrize("name", ["", " ", "May\nJune"])
def test_a_campaign_has_a_visible_name(name: str) -> None:
    """A name is found in lists, so it is neither blank nor broken."""
    with pytest.raises(ValueError, match="a name of visible characters"):
        Campaign(name, REQUEST)
