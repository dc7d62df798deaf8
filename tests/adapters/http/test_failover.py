"""Failover between two real adapters under scripted faults: nobody is written to twice, and nobody is lost."""

from __future__ import annotations

import json
import socket
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from migma_http import (
    Answer,
    Codec,
    HttpProvider,
    HttpRequest,
    HttpResponse,
    Limits,
    NoAnswer,
    Refusal,
    Secret,
    Sent,
    Urllib3Transport,
    following,
    lift,
    next_provider,
)
from migma_mailgun import MailgunCodec
from migma_sendgrid import SendGridCodec
from returns.result import Failure, Result, Success

from migma_core import Accepted, Batch, DeliveryId, NotSent, Outcome
from tests.adapters.mailgun.reader import deliveries
from tests.adapters.sendgrid.expander import expand
from tests.support.batches import NOW, attempt_for, batch_for, compiled_for
from tests.support.counting_server import Manner, answering, counting_server, dropping
from tests.support.http_worlds import KEY

ORDERS = pytest.mark.parametrize("order", [("mailgun", "sendgrid"), ("sendgrid", "mailgun")], ids="-".join)
PEOPLE = batch_for(compiled_for(), [{"name": f"Ada {n}"} for n in range(6)])
CODECS: dict[str, Codec] = {"mailgun": MailgunCodec(Secret(KEY)), "sendgrid": SendGridCodec(Secret(KEY))}


class Step(NamedTuple):
    """What a provider does with a request: whether it takes the mail, and what comes back; ``None`` raises."""

    takes: bool
    answer: Answer | None


class Unforeseen(Exception):
    """An exception that nobody listed."""


def _about_one(place: int) -> HttpResponse:
    """SendGrid's way of naming a bad recipient; Mailgun does not read it so."""
    errors = [{"message": "no address", "field": f"personalizations.{place}.to.0.email"}]
    return HttpResponse(400, (), json.dumps({"errors": errors}).encode())


OVER_LIMIT = b'{"message": "Domain acme.example.com is not allowed to send: limit exceeded, try again after 9 seconds"}'
STEPS = st.sampled_from(
    (
        Step(True, HttpResponse(200, (), b'{"id": "<1@acme.example.com>"}')),
        Step(True, HttpResponse(202)),
        *(Step(takes, HttpResponse(status)) for takes in (True, False) for status in (500, 502, 503, 504)),
        *(Step(takes, NoAnswer(Sent.MAYBE, "dropped")) for takes in (True, False)),
        *(Step(takes, None) for takes in (True, False)),
        Step(False, NoAnswer(Sent.NOTHING, "refused")),
        Step(False, HttpResponse(429, (("Retry-After", "1"),))),
        Step(False, HttpResponse(403, (), OVER_LIMIT)),
        Step(False, HttpResponse(401)),
        Step(False, HttpResponse(413)),
        Step(False, _about_one(1)),
    )
)


@dataclass
class House:
    """A provider's stand-in: reads each request as it really is, keeps what it takes, and answers by its script."""

    name: str
    script: Iterator[Step]
    asked: list[tuple[DeliveryId, ...]] = field(default_factory=list)
    kept: list[DeliveryId] = field(default_factory=list)

    def __call__(self, request: HttpRequest) -> Answer:
        step, read = next(self.script), self._read(request)
        self.asked.append(read)
        self.kept += read if step.takes else ()
        if step.answer is None:
            raise Unforeseen
        return step.answer

    def _read(self, request: HttpRequest) -> tuple[DeliveryId, ...]:
        if self.name == "mailgun":
            return tuple(DeliveryId(one.delivery or "") for one in deliveries(request.body))
        return tuple(DeliveryId(one.arguments["migma_delivery"]) for one in expand(request.body))


@dataclass
class Carried:
    """Where everybody ended, and which outcomes each provider's hand-over had."""

    ends: list[tuple[DeliveryId, str]] = field(default_factory=list)
    outcomes: list[tuple[str, tuple[tuple[DeliveryId, Outcome], ...]]] = field(default_factory=list)


def part_of(batch: Batch, members: Sequence[DeliveryId]) -> Batch:
    """A new attempt's batch, for these members."""
    wanted = set(members)
    return Batch.of(batch.compiled, [one for one in batch.messages if one.delivery in wanted], NOW)


def carry(batch: Batch, order: Sequence[str], providers: dict[str, HttpProvider]) -> Carried:
    """Hand over, and do what comes next, as a loop does, until no provider is left."""
    carried, members, left = Carried(), tuple(one.delivery for one in batch.messages), tuple(order)
    while members:
        name, *rest = left
        part = part_of(batch, members)
        parcel = providers[name].encode(part)
        outcomes = providers[name].hand_over(part, parcel, attempt_for(part, parcel, provider=name))
        carried.outcomes.append((name, tuple(zip(members, outcomes, strict=True))))
        after = following(members, outcomes, rest)
        for place in ("settled", "held", "again", "refused", "back"):
            carried.ends += [(member, place) for member in getattr(after, place)]
        assert after.provider == (rest[0] if after.instead else None)
        members, left = after.instead, tuple(rest)
    return carried


@ORDERS
@given(st.lists(STEPS, min_size=2, max_size=2))
def test_nobody_is_doubled_and_nobody_is_lost(order: tuple[str, str], script: list[Step]) -> None:
    """
    Whatever two providers do: no mail is taken twice, everybody ends in one place, and who may have been taken is never
    among those to be sent again.
    """
    houses = {name: House(name, iter([step])) for name, step in zip(order, script, strict=True)}
    providers = {name: HttpProvider(CODECS[name], house) for name, house in houses.items()}
    carried = carry(PEOPLE, order, providers)
    everybody = [message.delivery for message in PEOPLE.messages]
    taken = Counter(one for house in houses.values() for one in house.kept)
    assert all(count == 1 for count in taken.values())
    assert sorted(member for member, _ in carried.ends) == everybody
    ends = dict(carried.ends)
    assert {ends[one] for one in taken} <= {"settled", "held"}
    assert [len(houses[name].asked) for name in order] == [1, len(carried.outcomes) - 1]


@ORDERS
@given(st.lists(STEPS, min_size=2, max_size=2))
def test_the_next_provider_is_for_those_certainly_not_sent(order: tuple[str, str], script: list[Step]) -> None:
    """It is asked for exactly those whose outcome was `NotSent`, in order, and for nobody where there are none."""
    houses = {name: House(name, iter([step])) for name, step in zip(order, script, strict=True)}
    carried = carry(PEOPLE, order, {name: HttpProvider(CODECS[name], house) for name, house in houses.items()})
    first = carried.outcomes[0][1]
    not_sent = tuple(member for member, outcome in first if isinstance(outcome, NotSent))
    assert houses[order[1]].asked == ([not_sent] if not_sent else [])
    for _, outcome in first:  # one by one, in the words of `returns`
        told: Result[str, Refusal] = lift(outcome).map(lambda _: "done").lash(lambda no: next_provider(no, order[1:]))
        match outcome:
            case Accepted():
                assert told == Success("done")
            case NotSent():
                assert told == Success(order[1])
            case _:
                assert told == Failure(outcome)


SERVED: dict[str, tuple[Manner, int]] = {
    "429": (answering(429, "Retry-After: 1\r\n"), 1),
    "over its limit": (answering(403, body=OVER_LIMIT), 1),
    "500": (answering(500), 0),
    "503": (answering(503, "Retry-After: 1\r\n"), 0),
    "dropped": (dropping, 0),
    "401": (answering(401), 0),
}


@pytest.mark.parametrize("fault", sorted(SERVED))
def test_over_real_connections_as_well(fault: str) -> None:
    """Mailgun fails on its socket; SendGrid is asked once where nothing was sent, and never where something may be."""
    manner, asked = SERVED[fault]
    with (
        counting_server(manner) as mailgun,
        counting_server(answering(202, "X-Message-Id: 1\r\n")) as sendgrid,
        Urllib3Transport(Limits(connect=1, whole=5)) as transport,
    ):
        codecs: dict[str, Codec] = {
            "mailgun": MailgunCodec(Secret(KEY), mailgun.url),
            "sendgrid": SendGridCodec(Secret(KEY), sendgrid.url),
        }
        providers = {name: HttpProvider(codec, transport) for name, codec in codecs.items()}
        carried = carry(PEOPLE, ("mailgun", "sendgrid"), providers)
    assert (mailgun.count, sendgrid.count) == (1, asked)
    assert sorted(member for member, _ in carried.ends) == [message.delivery for message in PEOPLE.messages]


def test_nobody_there_is_failed_over_too() -> None:
    """A host that takes no connection has had nothing: everybody goes through the next one, once."""
    house = House("sendgrid", iter([Step(True, HttpResponse(202))]))
    with socket.create_server(("127.0.0.1", 0)) as free:
        nobody = MailgunCodec(Secret(KEY), f"http://127.0.0.1:{free.getsockname()[1]}")
    with Urllib3Transport(Limits(connect=1, whole=5)) as transport:
        providers = {
            "mailgun": HttpProvider(nobody, transport),
            "sendgrid": HttpProvider(CODECS["sendgrid"], house),
        }
        carried = carry(PEOPLE, ("mailgun", "sendgrid"), providers)
    assert {place for _, place in carried.ends} == {"settled"}
    assert house.kept == [message.delivery for message in PEOPLE.messages]
