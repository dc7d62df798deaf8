"""Sends: accepted requests come back as they were, and their numbers are counted from rows."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from migma_sql import schema
from migma_sql.delivery_state import is_in_state, state_now
from migma_sql.engine import now_us, writing
from migma_sql.sends import Sends, UnknownSend
from sqlalchemy import Connection, Engine, insert, select, update

from migma_core import (
    MIGMA,
    Address,
    CampaignConflict,
    CampaignStatus,
    Content,
    DeliveryState,
    Denials,
    OneAddress,
    Purpose,
    ReasonKind,
    SendId,
    SendRequest,
    TagHolders,
    address_key,
)
from migma_core.audience import TopicId
from migma_core.decision.circumstances import Wanted
from migma_core.delivery import Action
from migma_core.delivery.delivery import read_state
from migma_core.ports.sends import Sends as SendsPort
from migma_core.request import Recipients
from migma_core.testing import strategies as values
from tests.support.sql_rows import ACCOUNT, NOW, PEPPER, PROJECT, add, add_people, deny, ref, undone

ADA = Address("ada", "example.org")
# what JSON can hold: a moment comes back as its ISO text, which is how a template writes it
VARIABLES = st.dictionaries(
    st.text(min_size=1, max_size=9),
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    max_size=3,
)


@pytest.fixture
def sends(engine: Engine) -> Sends:
    """The sends of that account."""
    return Sends(engine, PEPPER)


def request_to(recipients: Recipients) -> SendRequest:
    """A request to them."""
    content = Content("Hello", "<p>Hello</p>")
    sender = Address("hi", "example.com")
    return SendRequest(project=PROJECT, sender=sender, sender_name="Us", recipients=recipients, content=content)


def accepted(sends: Sends, recipients: Recipients, name: str | None = None, late: int = 0) -> SendId:
    """Accept a request to them, ``late`` seconds after the others."""
    send = SendId(ref())
    purpose = Purpose.TRANSACTIONAL if isinstance(recipients, OneAddress) else Purpose.MARKETING
    sends.accept(send, request_to(recipients), purpose, MIGMA, None, NOW + timedelta(seconds=late), name=name)
    return send


def test_the_adapter_is_the_port(engine: Engine) -> None:
    """The type checker agrees that these are the sends the core asks for."""
    port: SendsPort = Sends(engine, PEPPER)
    assert port.list(PROJECT) == ()


@given(
    request=values.send_requests(project=PROJECT, variables=VARIABLES),
    purpose=st.sampled_from(Purpose),
    warning=st.none() | st.just("mind"),
)
def test_a_request_comes_back_as_it_was_accepted(
    shared: Engine, request: SendRequest, purpose: Purpose, warning: str | None
) -> None:
    """Any request, attachments included, survives the store unchanged."""
    sends, send = Sends(shared, PEPPER), SendId(ref())
    sends.accept(send, request, purpose, MIGMA, warning, NOW)
    found = sends.get(send)
    assert found.request == request
    assert (found.purpose, found.warning, found.name, found.created_at) == (purpose, warning, None, NOW)
    assert (found.status, found.started_at, found.finished_at) == (CampaignStatus.SENDING, NOW, None)


def test_a_campaign_begins_as_a_draft_and_is_found_by_id_and_name(sends: Sends) -> None:
    """A name finds the newest campaign that bears it; direct sends are not campaigns."""
    first, second = (accepted(sends, TagHolders("all"), "May", late) for late in (0, 1))
    direct = accepted(sends, OneAddress(ADA))
    assert sends.get(first).status is CampaignStatus.DRAFT
    assert sends.find(PROJECT, "May").id == second
    assert sends.find(PROJECT, first).id == first
    assert [one.id for one in sends.list(PROJECT)] == [second, first]
    with pytest.raises(UnknownSend, match="no send"):
        sends.find(PROJECT, direct)
    with pytest.raises(LookupError):
        sends.get(SendId("0" * 32))


def test_a_status_changes_along_legal_steps_only(sends: Sends) -> None:
    """A step that is not legal changes nothing; resuming keeps the time of the first start."""
    send = accepted(sends, TagHolders("all"), "May")
    assert sends.change_status(send, Action.SEND, NOW) is CampaignStatus.SENDING
    sends.change_status(send, Action.PAUSE, NOW)
    sends.change_status(send, Action.SEND, NOW + timedelta(hours=1))
    assert sends.get(send).started_at == NOW
    sends.change_status(send, Action.CANCEL, NOW + timedelta(hours=2))
    with pytest.raises(CampaignConflict):
        sends.change_status(send, Action.SEND, NOW)
    assert sends.get(send).status is CampaignStatus.CANCELLED
    assert sends.get(send).finished_at == NOW + timedelta(hours=2)


def test_what_is_known_of_the_sender_is_read_afresh(engine: Engine, sends: Sends) -> None:
    """Domain, connections, topic and audience are told as they are now."""
    asked = SendRequest(
        project=PROJECT,
        sender=Address("hi", "example.com"),
        sender_name="Us",
        recipients=TagHolders("all"),
        content=Content("Hello", "<p>Hello</p>"),
        topic=TopicId("c" * 32),
    )
    before = sends.sender(asked)
    assert before.topic is None
    assert not before.audience_exists
    with writing(engine) as connection:
        add_people(connection, 1)
        add(connection, schema.connections, account_id=ACCOUNT, provider="ses", connected_at=NOW)
        words = {"name": "News", "default_subscription": "opt_in", "visibility": "public", "is_active": True}
        add(connection, schema.topics, id="c" * 32, project_id=PROJECT, created_at=NOW, **words)
    after = sends.sender(asked)
    assert after.audience_exists
    assert after.connected == {"migma", "ses"}
    assert after.topic is not None
    assert after.domain is not None
    assert after.domain.is_verified
    assert after.postal_address == "1 Main St"


def test_one_person_is_asked_about_as_everybody_is_counted(engine: Engine, sends: Sends) -> None:
    """The standing of each member is among those counted, and who is not in the audience has none."""
    with writing(engine) as connection:
        add_people(connection, 3)
        deny(connection, Address("2", "example.org"), Denials.UNSUBSCRIBED)
    request = request_to(TagHolders("all"))
    counted = sends.count_standings(request, Purpose.MARKETING)
    rows = [sends.member(request, Address(local, "example.org"), Purpose.MARKETING, Wanted(), NOW) for local in "123"]
    standings = [row.standing for row in rows if row is not None]
    assert sum(counted.values()) == len(standings) == 3
    assert all(counted[standing] == standings.count(standing) for standing in standings)
    assert sends.member(request, ADA, Purpose.MARKETING, Wanted(), NOW) is None
    single, alone = request_to(OneAddress(ADA)), Purpose.TRANSACTIONAL
    assert sends.member(single, Address("ADA", "example.org"), alone, Wanted(), NOW) is not None
    assert sends.member(single, Address("2", "example.org"), alone, Wanted(), NOW) is None


@given(
    stored=st.sampled_from(
        [one for one in DeliveryState if one not in {DeliveryState.UNKNOWN, DeliveryState.IN_FLIGHT}]
    ),
    committed=st.booleans(),
    expired=st.booleans(),
)
def test_the_database_reads_a_state_as_the_core_does(
    shared: Engine, stored: DeliveryState, committed: bool, expired: bool
) -> None:
    """A row and its attempt together give one state, in SQL as in `read_state`."""
    sends = Sends(shared, PEPPER)
    send = accepted(sends, OneAddress(ADA))
    expected = read_state(stored, committed=committed, lease_expired=expired)
    with undone(shared) as connection:
        attempt = add_attempt(connection, send) if committed else None
        number = add_delivery(connection, send, ADA, state=stored.value, attempt_id=attempt)
        until = now_us() + (-1_000_000 if expired else 60_000_000)
        connection.execute(update(schema.deliveries).values(lease_until=until))
        mine = schema.deliveries.c.id == number
        assert connection.scalar(select(state_now()).where(mine)) == expected
        found = [one for one in DeliveryState if connection.scalar(select(1).where(mine, is_in_state(one)))]
    assert found == [expected]


def test_the_log_tells_each_row_by_page_and_by_state(engine: Engine, sends: Sends) -> None:
    """Pages follow one another by number; a state narrows them; the decision can be read back by address."""
    with writing(engine) as connection:
        add_people(connection, 4)
    send = accepted(sends, TagHolders("all"))
    with writing(engine) as connection:
        for local in "1234":
            reasons = "unsubscribed,topic_left" if local in "24" else ""
            state = "withheld" if reasons else "accepted"
            add_delivery(connection, send, Address(local, "example.org"), state=state, reasons=reasons)
    first = sends.log(send, limit=3)
    rest = sends.log(send, after=first[-1].number, limit=3)
    assert [one.address for one in (*first, *rest)] == [f"{local}@example.org" for local in "1234"]
    assert [one.address for one in sends.log(send, state=DeliveryState.WITHHELD)] == ["2@example.org", "4@example.org"]
    assert first[1].reasons == (ReasonKind.UNSUBSCRIBED, ReasonKind.TOPIC_LEFT)
    assert sends.reasons(send) == {ReasonKind.UNSUBSCRIBED: 2}
    assert sends.states(send) == {DeliveryState.ACCEPTED: 2, DeliveryState.WITHHELD: 2}
    decided = sends.delivery_of(send, address_key(Address("2", "example.org"), PEPPER))
    assert decided is not None
    assert (decided.state, decided.decision.at, decided.decision.policy) == (DeliveryState.WITHHELD, NOW, "table")
    assert sends.delivery_of(send, address_key(ADA, PEPPER)) is None


def test_cancelling_settles_what_nobody_has_handed_over(engine: Engine, sends: Sends) -> None:
    """Rows that wait are cancelled; one in flight keeps waiting for its outcome, and what is done stays done."""
    send = accepted(sends, TagHolders("all"))
    with writing(engine) as connection:
        attempt = add_attempt(connection, send)
        for local, state, made in (
            ("1", "ready", None),
            ("2", "claimed", None),
            ("3", "claimed", attempt),
            ("4", "accepted", attempt),
        ):
            add_delivery(
                connection, send, Address(local, "example.org"), state=state, attempt_id=made, lease_until=2**60
            )
    sends.change_status(send, Action.CANCEL, NOW)
    assert sends.states(send) == {DeliveryState.CANCELLED: 2, DeliveryState.IN_FLIGHT: 1, DeliveryState.ACCEPTED: 1}


def add_attempt(connection: Connection, send: SendId) -> str:
    """An attempt without an outcome."""
    row = {"id": ref(), "send_id": send, "provider": "migma", "content": "", "compiler": 1}
    more = {
        "token_key": 1,
        "composed_at": NOW,
        "idempotency_key": "",
        "body_digest": "",
        "started_at": NOW,
    }
    connection.execute(insert(schema.attempts), {**row, **more})
    return str(row["id"])


def add_delivery(connection: Connection, send: SendId, address: Address, **columns: Any) -> int:
    """A row about this address."""
    row = {"ref": ref(), "send_id": send, "address_key": address_key(address, PEPPER), "cell": 0, "denials": 0}
    more = {"decided_at": NOW, "policy": "table", "state": "ready", "updated_at": NOW}
    return int(add(connection, schema.deliveries, **{**row, **more, **columns})[0])
