"""What is in hand: its lease is renewed while a send is carried out, and the send ends where it is another's."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event

import pytest
from migma_runtime import Migma
from migma_runtime.holding import Hold

from migma_core import DeliveryState, Project, SendId
from tests.support.news import news

Import = Callable[[str], None]
Mails = Callable[[], list[bytes]]


@pytest.fixture
def accepted(migma: Migma, project: Project, imported: Import) -> SendId:
    """A send to four people that nobody has carried out."""
    imported("email,tags\n" + "".join(f"reader{number}@example.com,news\n" for number in range(4)))
    return migma.sending.send(queue_only=True, **news(project)).id


def test_a_lease_is_renewed_for_as_long_as_the_work_goes_on(migma: Migma, accepted: SendId, mails: Mails) -> None:
    """Asked in time, again and again; a long lease need not be renewed in a short run."""
    asked: list[str] = []

    def keep() -> bool:
        asked.append("kept")
        return True

    migma.sending.deliver(accepted, hold=Hold(keep, 3600))
    assert (asked, len(mails())) == ([], 4)
    migma.sending.deliver(accepted, hold=Hold(keep, 0))
    assert len(asked) > 3


@pytest.mark.parametrize("why", ["another took over", "it is to stop"])
def test_what_is_no_longer_ours_claims_nothing_more(migma: Migma, accepted: SendId, mails: Mails, why: str) -> None:
    """Nothing leaves from then on, nothing is in hand, and whoever has it now goes on."""
    stop = Event()
    if why == "it is to stop":
        stop.set()
    hold = Hold(lambda: False, 0, stop) if why == "another took over" else Hold(lambda: True, 3600, stop)
    assert migma.sending.deliver(accepted, hold=hold).states == {DeliveryState.READY: 4}
    assert mails() == []
    assert migma.sending.deliver(accepted).sent_count == 4
