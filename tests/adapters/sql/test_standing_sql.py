"""Standings packed by the database are those that Python packs, for every row there can be."""

from __future__ import annotations

from itertools import product
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st
from migma_sql import schema
from migma_sql.audience import audience_of, count_standings
from migma_sql.question import Question
from sqlalchemy import Connection, Engine

from migma_core import Address, Contact, ContactId, Denials, OneAddress, Purpose, Suppression, TagHolders, address_key
from migma_core.audience import DefaultSubscription, SuppressionReason, Topic, TopicId
from migma_core.decision import facts_about
from migma_core.decision.standing import Cell, ConsentFact, Standing, StatusFact, TopicFact, ValidationFact, topic_fact
from migma_core.testing import strategies as values
from tests.support.sql_rows import (
    ACCOUNT,
    NOW,
    PEPPER,
    PROJECT,
    add,
    add_contact,
    deny,
    is_kept,
    ref,
    standing_of,
    undone,
)

TOPIC = TopicId("c" * 32)
ADA = Address("ada", "example.org")
GARBAGE = (None, "", "Subscribed", "subscribed ", "\0", "unreadable", "no_contact", "0")


def question(purpose: Purpose, topic: TopicId | None, default: DefaultSubscription | None) -> Question:
    """A question about this topic, asked for mail through ses."""
    about = topic if purpose is Purpose.MARKETING else None
    return Question(ACCOUNT, PROJECT, "ses", purpose, about, default if about else None)


def texts(*known: str) -> st.SearchStrategy[str | None]:
    """A stored word: one that is known, or one that nobody understands."""
    return st.sampled_from(known) | st.sampled_from(GARBAGE) | st.text(max_size=12)


@given(
    columns=st.fixed_dictionaries(
        {
            "status": texts("subscribed", "unsubscribed", "non-subscribed", "bounced"),
            "validation": texts("valid", "invalid", "risky", "unknown"),
            "consent": texts("proven", "soft_opt_in", "unproven", "none"),
            "is_role": st.booleans(),
        }
    ),
    purpose=st.sampled_from(Purpose),
    default=st.none() | st.sampled_from(DefaultSubscription),
    choice=st.sampled_from(("nobody asked", True, False, None)),
)
def test_cells_packed_by_the_database_are_those_packed_in_python(
    shared: Engine, columns: dict[str, Any], purpose: Purpose, default: DefaultSubscription | None, choice: Any
) -> None:
    """Every stored word, null and nonsense included, gives the digit that Python reads in it."""
    asked = question(purpose, TOPIC, default)
    assume(shared.dialect.name == "sqlite" or not any("\0" in one for one in columns.values() if isinstance(one, str)))
    with undone(shared) as connection:
        add_topic(connection)
        number = add_contact(connection, Contact(id=ContactId(ref()), project=PROJECT, address=ADA), **columns)
        if choice != "nobody asked":
            add(
                connection,
                schema.topic_choices,
                contact_id=number,
                topic_id=TOPIC,
                joined=choice,
                at=NOW,
                source="link",
            )
        found = standing_of(
            connection, asked, audience_of(connection, asked, OneAddress(ADA), PEPPER), address_key(ADA, PEPPER)
        )
    expected = Cell(
        purpose,
        StatusFact.of(columns["status"]),
        ValidationFact.of(columns["validation"]),
        columns["is_role"],
        ConsentFact.of(columns["consent"]),
        topic_digit(purpose, default, choice),
    )
    assert found is not None
    assert Cell.unpacked(found.cell) == expected


def topic_digit(purpose: Purpose, default: DefaultSubscription | None, choice: Any) -> TopicFact:
    """The digit of a choice as stored: no row, true, false, or null."""
    if purpose is Purpose.TRANSACTIONAL:
        return TopicFact.NO_TOPIC
    if default is None:
        return TopicFact.NOT_SUBSCRIBED_UNREADABLE
    if choice is None:
        subscribed = default is DefaultSubscription.SUBSCRIBED
        return TopicFact.SUBSCRIBED_UNREADABLE if subscribed else TopicFact.NOT_SUBSCRIBED_UNREADABLE
    return topic_fact(default, None if choice == "nobody asked" else choice)


def add_topic(connection: Connection) -> None:
    """The topic that questions are about."""
    words = {"name": "News", "default_subscription": "opt_out", "visibility": "public", "is_active": True}
    add(connection, schema.topics, id=TOPIC, project_id=PROJECT, created_at=NOW, **words)


@given(contact=values.contacts(project=PROJECT).filter(is_kept), purpose=st.sampled_from(Purpose), data=st.data())
def test_the_database_packs_a_contact_as_the_core_does(
    shared: Engine, contact: Contact, purpose: Purpose, data: st.DataObject
) -> None:
    """For any contact and any entries against it, `facts_about` and the database give one and the same standing."""
    topic = data.draw(st.none() | values.topics(default=st.sampled_from(DefaultSubscription)).map(named))
    joined = data.draw(st.none() | st.booleans())
    entries = data.draw(st.lists(values.suppressions(provider=st.sampled_from(("ses", "resend"))), max_size=4))
    choices = {TOPIC: joined} if topic and joined is not None else {}
    contact = Contact(**{**{name: getattr(contact, name) for name in Contact.__slots__}, "topics": choices})
    facts = facts_about(contact, purpose, topic=topic, suppressions=entries, provider="ses")
    asked = question(purpose, topic.id if topic else None, topic.default if topic else None)
    key = address_key(contact.address, PEPPER)
    with undone(shared) as connection:
        add_topic(connection)
        number = add_contact(connection, contact)
        for chosen, how in choices.items():
            add(connection, schema.topic_choices, contact_id=number, topic_id=chosen, joined=how, at=NOW, source="link")
        write_entries(connection, contact.address, entries)
        audience = audience_of(connection, asked, OneAddress(contact.address), PEPPER)
        assert standing_of(connection, asked, audience, key) == facts.standing
        assert count_standings(connection, audience) == {facts.standing: 1}


def named(topic: Topic) -> Topic:
    """The topic under the id that the database knows."""
    return Topic(TOPIC, topic.name, topic.default)


def write_entries(connection: Connection, address: Address, entries: list[Suppression]) -> None:
    """Keep entries as the store does: the bits with the address, each entry once."""
    key, bits = address_key(address, PEPPER), 0
    for one in {(one.reason, one.provider): one for one in entries}.values():
        bits |= one.denial
        entry = {"reason": one.reason.value, "provider": one.provider or "", "source": "test", "at": NOW}
        add(connection, schema.suppressions, account_id=ACCOUNT, address_key=key, **entry)
    deny(connection, address, int(bits))


@given(
    address=values.addresses(),
    purpose=st.sampled_from(Purpose),
    default=st.none() | st.sampled_from(DefaultSubscription),
)
def test_an_address_nobody_stored_has_the_standing_of_a_stranger(
    shared: Engine, address: Address, purpose: Purpose, default: DefaultSubscription | None
) -> None:
    """A single send works for an address nobody has stored, and packs it as the core packs a bare address (R49)."""
    topic = Topic(TOPIC, "News", default) if default else None
    asked = question(purpose, topic.id if topic else None, default)
    with undone(shared) as connection:
        audience = audience_of(connection, asked, OneAddress(address), PEPPER)
        found = standing_of(connection, asked, audience, address_key(address, PEPPER))
    assert found == facts_about(address, purpose, topic=topic).standing


@given(
    stored=st.none() | st.integers(0, 2047) | st.integers(-(2**31), 2**31 - 1) | st.sampled_from(("garbage", b"\1")),
    lifted=st.integers(0, 2047) | st.integers(-(2**31), 2**31 - 1),
    refused_by=st.sampled_from((None, "ses", "resend")),
)
def test_denials_are_those_of_the_address_less_those_lifted_and_this_providers_refusal(
    shared: Engine, stored: int | None, lifted: int, refused_by: str | None
) -> None:
    """A lifted bit ends for this project alone, another provider's refusal stops nobody, nonsense withholds."""
    asked = question(Purpose.MARKETING, None, None)
    assume(shared.dialect.name == "sqlite" or not isinstance(stored, str | bytes))  # PostgreSQL keeps numbers only
    with undone(shared) as connection:
        add_contact(connection, Contact(id=ContactId(ref()), project=PROJECT, address=ADA), lifted=lifted)
        if stored is not None:
            deny(connection, ADA, stored)
        if refused_by is not None:
            refusal = Suppression(SuppressionReason.PROVIDER, NOW, "test", refused_by)
            entry = {"reason": refusal.reason.value, "provider": refused_by, "source": "test", "at": NOW}
            add(connection, schema.suppressions, account_id=ACCOUNT, address_key=address_key(ADA, PEPPER), **entry)
        found = standing_of(
            connection, asked, audience_of(connection, asked, OneAddress(ADA), PEPPER), address_key(ADA, PEPPER)
        )
    assert found is not None
    assert found.denials == denials_expected(stored, lifted, refused_by)


def denials_expected(stored: Any, lifted: int, refused_by: str | None) -> int:
    """The same, in Python."""
    refused = Denials.PROVIDER_SUPPRESSED if refused_by == "ses" else 0
    refused |= Denials.RESERVED_NAME  # by the address itself, whatever is stored or lifted
    if stored is not None and (not isinstance(stored, int) or not 0 <= stored <= sum(Denials)):
        return Denials.UNREADABLE | refused
    mask = lifted if 0 <= lifted <= sum(Denials) else 0
    return (stored or 0) & ~(mask | Denials.PROVIDER_SUPPRESSED) | refused


def test_a_preview_counts_everybody_once(shared: Engine) -> None:
    """Numbers per standing add up to the audience, whatever rows are joined to it."""
    words = ("subscribed", "unsubscribed", None), (0, Denials.UNSUBSCRIBED | Denials.COMPLAINT)
    with undone(shared) as connection:
        for place, (status, bits) in enumerate(product(*words)):
            address = Address(f"a{place}", "example.org")
            someone = Contact(id=ContactId(ref()), project=PROJECT, address=address, tags=frozenset({"all"}))
            add_contact(connection, someone, status=status)
            deny(connection, address, bits)
        audience = audience_of(connection, question(Purpose.MARKETING, None, None), TagHolders("all"), PEPPER)
        counted = count_standings(connection, audience)
    assert sum(counted.values()) == 6
    both = Denials.UNSUBSCRIBED | Denials.COMPLAINT | Denials.RESERVED_NAME
    assert counted[Standing(Cell(Purpose.MARKETING, StatusFact.UNSUBSCRIBED).packed, both)] == 1
