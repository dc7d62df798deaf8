"""Deciding, against what a good programmer writes inline: a chain of ifs over the same tuples."""

from __future__ import annotations

import random
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from statistics import median
from typing import NamedTuple

from migma_core import MIGMA, Address, Denials, Facts, OwnRule, Policy, Purpose, ReasonKind, Standing, Withheld, decide
from migma_core.decision import policy as policies
from migma_core.decision.eligibility import decide_rows
from migma_core.decision.standing import CELLS, Cell, ConsentFact, StatusFact, TopicFact, ValidationFact, pack
from tests.benchmarks.measuring import ROUNDS, Figure, ceiling, floor, median_ms, ratio_of

__all__ = ["figures"]

PEOPLE = 200_000
NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
_ADDRESS = Address("ada", "example.com")

# one Python name each, as an inlined chain would have them
SUBSCRIBED, UNSUBSCRIBED, BOUNCED = StatusFact.SUBSCRIBED, StatusFact.UNSUBSCRIBED, StatusFact.BOUNCED
STATUS_UNREADABLE = StatusFact.UNREADABLE
INVALID, VALIDATION_UNREADABLE = ValidationFact.INVALID, ValidationFact.UNREADABLE
LEFT = frozenset({TopicFact.SUBSCRIBED_LEFT, TopicFact.NOT_SUBSCRIBED_LEFT})
NOT_JOINED = TopicFact.NOT_SUBSCRIBED_NO_RECORD
TOPIC_UNREADABLE = frozenset({TopicFact.SUBSCRIBED_UNREADABLE, TopicFact.NOT_SUBSCRIBED_UNREADABLE})


class Row(NamedTuple):
    """A recipient as unpacked facts, and the same packed, as a store hands them over."""

    number: int
    purpose: int
    status: int
    validation: int
    is_role: int
    consent: int
    topic: int
    denials: int
    cell: int


def rows(seed: int = 7) -> list[Row]:
    """An audience of realistic shares: nine in ten subscribed, one in twenty unsubscribed, few denied."""
    draw = random.Random(seed)  # noqa: S311 - people for a benchmark, no secrets
    digits = zip(
        draw.choices(list(Purpose), (9, 1), k=PEOPLE),
        draw.choices(list(StatusFact), (90, 5, 2, 2.8, 0.1, 0.1), k=PEOPLE),
        draw.choices(list(ValidationFact), (60, 1, 2, 36.9, 0.1), k=PEOPLE),
        draw.choices((False, True), (98, 2), k=PEOPLE),
        draw.choices(list(ConsentFact), (40, 5, 40, 14, 1), k=PEOPLE),
        draw.choices(list(TopicFact), (40, 30, 5, 5, 0.1, 10, 5, 4.8, 0.1), k=PEOPLE),
        strict=True,
    )
    against = draw.choices((0, *map(int, Denials)), (94, *([0.6] * len(Denials))), k=PEOPLE)
    cells = [Cell(*one) for one in digits]
    return [
        Row._make((number, *map(int, cell), denials, cell.packed))
        for number, (cell, denials) in enumerate(zip(cells, against, strict=True))
    ]


def bare(audience: list[Row]) -> Iterator[tuple[Row, ReasonKind | None]]:
    """Each row with the strongest reason of `MIGMA`, by comparisons written out, cheapest for those mailable."""
    hard_bounce, complaint, manual, erased = 1, 2, 4, 8
    provider, unsubscribed, objection, excluded, unreadable = 16, 32, 64, 256, 512
    for row in audience:
        _, purpose, status, validation, _, _, topic, denials, _ = row
        if status == BOUNCED or denials & hard_bounce:
            yield row, ReasonKind.HARD_BOUNCE
        elif denials & complaint:
            yield row, ReasonKind.COMPLAINT
        elif denials & manual:
            yield row, ReasonKind.MANUAL
        elif validation == INVALID:
            yield row, ReasonKind.INVALID_ADDRESS
        elif purpose == 0 and denials & erased:
            yield row, ReasonKind.ERASED
        elif denials & provider:
            yield row, ReasonKind.PROVIDER_SUPPRESSED
        elif purpose == 0 and (status == UNSUBSCRIBED or denials & unsubscribed):
            yield row, ReasonKind.UNSUBSCRIBED
        elif purpose == 0 and denials & objection:
            yield row, ReasonKind.OBJECTION
        elif purpose == 0 and status not in {SUBSCRIBED, STATUS_UNREADABLE}:
            yield row, ReasonKind.NOT_SUBSCRIBED
        elif purpose == 0 and topic in LEFT:
            yield row, ReasonKind.TOPIC_LEFT
        elif purpose == 0 and topic == NOT_JOINED:
            yield row, ReasonKind.TOPIC_NOT_JOINED
        elif denials & excluded:
            yield row, ReasonKind.EXCLUDED
        elif (
            status == STATUS_UNREADABLE
            or validation == VALIDATION_UNREADABLE
            or (purpose == 0 and topic in TOPIC_UNREADABLE)
            or denials & unreadable
        ):
            yield row, ReasonKind.UNREADABLE
        else:
            yield row, None


def figures() -> list[Figure]:
    """Every figure of deciding, each against the bare chain over the same people."""
    audience = rows()
    streamed = [(row.cell, row.denials, row.number) for row in audience]
    people = [Facts(_ADDRESS, Standing(row.cell, row.denials)) for row in audience]
    _check(audience, streamed, people)
    chain = partial(_drained, partial(bare, audience))
    return [
        floor(
            "rows that carry their standing → (row, reasons), by the table",
            ratio_of(chain, partial(_drained, partial(decide_rows, streamed))),
            1.0,
        ),
        floor(
            "unpacked facts → packed → (row, reasons)",
            ratio_of(chain, partial(_drained, partial(_packing, audience))),
            0.5,
        ),
        floor("public Facts, made for each → verdict", ratio_of(chain, partial(_through_facts, audience)), 0.25),
        ceiling("a rule of one's own outside the table, of the bare decision", _cost_of_a_rule(chain, people), 0.6),
        ceiling("building a policy's table", median_ms(_build), 50.0, "ms"),
        ceiling("from import to a first decision, over an empty interpreter", _cold_start(), 150.0, "ms"),
    ]


def _check(audience: list[Row], streamed: list[tuple[int, int, int]], people: list[Facts]) -> None:
    """Both sides say the same of everybody, or there is nothing to compare."""
    expected = [reason for _, reason in bare(audience)]
    assert [reasons[0] if reasons else None for _, reasons in decide_rows(streamed)] == expected
    assert [reasons[0] if reasons else None for _, reasons in _packing(audience)] == expected
    assert [_strongest(decide(one)) for one in people] == expected


def _strongest(verdict: object) -> ReasonKind | None:
    return verdict.reasons[0].kind if isinstance(verdict, Withheld) else None


def _drained(make: Callable[[], Iterator[object]]) -> None:
    deque(make(), maxlen=0)


def _packing(audience: list[Row]) -> Iterator[tuple[Row, tuple[ReasonKind, ...]]]:
    """What an embedder writes who has unpacked facts and no store of ours."""
    table, stops, kinds = MIGMA.table, MIGMA.stops, MIGMA.kinds
    for row in audience:
        _, purpose, status, validation, is_role, consent, topic, denials, _ = row
        code = table[pack(purpose, status, validation, is_role, consent, topic)] | denials & stops[purpose]
        yield row, kinds(code) if code else ()


def _through_facts(audience: list[Row]) -> None:
    for row in audience:
        decide(Facts(_ADDRESS, Standing(row.cell, row.denials)))


def _cost_of_a_rule(chain: Callable[[], None], people: list[Facts]) -> float:
    """The extra time per decision of one more rule, as a share of the chain's whole decision."""
    own = MIGMA.with_rules(OwnRule("nobody_is_withheld", 1, "a benchmark", lambda known, now: None))
    without = ratio_of(chain, lambda: [decide(one) for one in people])
    with_rule = ratio_of(chain, lambda: [decide(one, own, NOW) for one in people])
    return 1 / with_rule - 1 / without


def _build() -> None:
    policies.forget_tables()
    assert len(Policy("fresh", 1, MIGMA.rules).table) == CELLS


FIRST_DECISION = """
from migma_core import Address, Purpose, decide, facts_about
decide(facts_about(Address("ada", "example.com"), Purpose.TRANSACTIONAL))
"""


def _cold_start() -> float:
    """Medians of whole interpreters, with byte code compiled, by turns."""
    run = partial(subprocess.run, check=True)
    cold, empty = (partial(run, [sys.executable, "-c", program]) for program in (FIRST_DECISION, "pass"))
    cold(), empty()
    return median(median_ms(cold, 1) - median_ms(empty, 1) for _ in range(ROUNDS))
