"""Laws of the kit's strategies: keywords narrow, nothing else does."""

from __future__ import annotations

from functools import partial
from itertools import product

from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from migma_core import (
    MIGMA,
    STRICT,
    Address,
    Cell,
    Contact,
    Denials,
    Facts,
    OneAddress,
    Policy,
    Purpose,
    SendingDomain,
    SendRequest,
    Status,
    Suppression,
    SuppressionReason,
)
from migma_core.decision.policy import ALWAYS
from migma_core.decision.standing import StatusFact
from migma_core.testing import strategies as some

ADA = Address("ada", "example.com")


@given(some.contacts(address=ADA, status=st.sampled_from([Status.SUBSCRIBED, Status.BOUNCED]), consent=st.none()))
def test_a_keyword_takes_a_value_or_a_strategy(who: Contact) -> None:
    """One value is that value, a strategy is drawn from, and `none()` asks for nothing."""
    assert (who.address, who.consent) == (ADA, None)
    assert who.status in {Status.SUBSCRIBED, Status.BOUNCED}


@given(some.facts(purpose=Purpose.MARKETING, address=some.addresses(domain="example.org")))
def test_facts_are_of_one_piece(facts: Facts) -> None:
    """Strangers have no contact, topics are named where there is one, and all evidence is of denials that stand."""
    cell = Cell.unpacked(facts.standing.cell)
    assert (facts.purpose, facts.address.domain) == (Purpose.MARKETING, "example.org")
    assert (facts.contact is None) is (cell.status is StatusFact.NO_CONTACT)
    assert (facts.topic is None) is (cell.topic == 0)
    assert all(one.denial & facts.standing.denials for one in facts.evidence)


@given(some.denials(among=Denials.MANUAL | Denials.ERASED))
def test_denials_are_among_those_asked_for(drawn: Denials) -> None:
    """No other bit is ever set."""
    assert not drawn & ~(Denials.MANUAL | Denials.ERASED)


@given(some.suppressions(reason=SuppressionReason.PROVIDER, provider="ses"))
def test_a_providers_suppression_names_it(entry: Suppression) -> None:
    """The keyword reaches the field it is named for."""
    assert (entry.reason, entry.provider) == (SuppressionReason.PROVIDER, "ses")


@given(some.policies(derived=False))
def test_built_in_policies_can_be_asked_for_alone(policy: Policy) -> None:
    """Without derived ones there are two."""
    assert policy in {MIGMA, STRICT}


@given(some.send_requests(to=OneAddress(ADA), transactional=True, provider="ses"), some.sending_domains(sent=99))
def test_requests_and_domains_are_narrowed_alike(request: SendRequest, domain: SendingDomain) -> None:
    """Each keyword fixes its own field and leaves the others wide."""
    assert (request.recipients, request.transactional, request.provider) == (OneAddress(ADA), True, "ses")
    assert domain.sent == 99


# the first example found will do: nothing here has to be shrunk
FIRST = settings(database=None, max_examples=2000, phases=(Phase.generate,))


def _stands_at(corner: tuple[Purpose, StatusFact], cell: Cell) -> bool:
    return (cell.purpose, cell.status) == corner


def test_every_status_is_drawn_for_every_purpose() -> None:
    """Whatever a record may say, unreadable included, occurs."""
    for corner in product(Purpose, StatusFact):
        assert find(some.cells(), partial(_stands_at, corner), settings=FIRST)[:2] == corner


def test_derived_policies_differ_from_the_built_in_ones() -> None:
    """Some hold fewer rules, some relax one, and all keep those that no policy goes without."""

    def relaxes(policy: Policy) -> bool:
        return not policy.stops[Purpose.TRANSACTIONAL] & Denials.MANUAL

    smaller = find(some.policies(), lambda policy: len(policy.rules) < len(MIGMA.rules), settings=FIRST)
    relaxed = find(some.policies(), relaxes, settings=FIRST)
    for policy in (smaller, relaxed):
        assert {rule.name for rule in ALWAYS} <= {rule.name for rule in policy.rules}
