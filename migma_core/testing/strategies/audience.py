"""Strategies for the audience: people, their consent, topics, denials and engagement."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ...audience.address import Address, hidden_characters
from ...audience.consent import Consent, ConsentBasis, ConsentEvidence, ConsentLevel, SoftOptInTerm
from ...audience.consent_event import NOTHING_SHOWN, ConsentAct, ConsentEvent, Shown
from ...audience.contact import Contact, ContactId, ProjectId, Status, Validation
from ...audience.engagement import Engagement, EngagementAction
from ...audience.intake import ContactDraft
from ...audience.opt_in import OptIn, OptInId
from ...audience.suppression import Denials, Suppression, SuppressionReason
from ...audience.topic import DefaultSubscription, Topic, TopicId, Visibility
from ...audience.values import Scalar
from ...request.domain import PROVIDERS
from .values import Narrowed, addresses, moments, names, or_else, references, scalars

__all__ = [
    "CAMPAIGNS",
    "EVERY_DENIAL",
    "consent_events",
    "consent_evidence",
    "consents",
    "contacts",
    "denials",
    "drafts",
    "engagements",
    "field_names",
    "new_year",
    "opt_ins",
    "recent",
    "shown",
    "suppressions",
    "tags",
    "topics",
]


EVERY_DENIAL: Final = Denials((1 << len(Denials)) - 1)
"""All eleven bits."""
# Few names, so that contacts and conditions meet.
_TAGS = ("beta", "vip", "Beta", "news")
CAMPAIGNS = ("c1", "c2")
_FIELDS = ("country", "language", "name", "first_name", "email", "plan", "visits", "since")


def consents(
    *, level: Narrowed[ConsentLevel] = None, at: Narrowed[datetime] = None, basis: Narrowed[ConsentBasis] = None
) -> SearchStrategy[Consent]:
    """Consents of any level and basis, from anywhere, at any time."""
    levels, bases = or_else(level, st.sampled_from(ConsentLevel)), or_else(basis, st.sampled_from(ConsentBasis))
    return st.builds(Consent, levels, names(), or_else(at, moments()), bases)


def shown() -> SearchStrategy[Shown]:
    """What a person had before them: some words and their version, or nothing."""
    return st.builds(Shown, names(), names()) | st.just(NOTHING_SHOWN)


def consent_events() -> SearchStrategy[ConsentEvent]:
    """Acts on record, about all marketing or a topic, with and without what was shown."""
    topics_of = {ConsentAct.JOINED: references().map(TopicId), ConsentAct.LEFT: references().map(TopicId)}
    return st.sampled_from(ConsentAct).flatmap(
        lambda act: st.builds(
            ConsentEvent,
            act=st.just(act),
            at=moments(),
            source=names(),
            topic=topics_of.get(act, st.none()),
            shown=shown(),
            level=st.none() | st.sampled_from(ConsentLevel),
            basis=st.none() | st.sampled_from(ConsentBasis),
            confirmed_at=st.none() | moments(),
            reference=st.just("") | names(),
        )
    )


def opt_ins() -> SearchStrategy[OptIn]:
    """Wishes for marketing, for topics, or both; confirmed or waiting."""
    topics_wanted = st.lists(references().map(TopicId), max_size=3, unique=True).map(tuple)
    return st.builds(
        lambda marketing, topics, **rest: OptIn(marketing=marketing or not topics, topics=topics, **rest),
        marketing=st.booleans(),
        topics=topics_wanted,
        id=references().map(OptInId),
        contact=references().map(ContactId),
        asked_at=recent(),
        source=names(),
        shown=shown(),
        confirmed_at=st.none() | recent(),
    )


def consent_evidence() -> SearchStrategy[ConsentEvidence]:
    """What is on record about an act of consent, complete or not."""
    text = st.just("") | names()
    return st.builds(
        ConsentEvidence,
        how=names(),
        at=recent(),
        wording=text,
        version=text,
        confirmed_at=st.none() | st.datetimes(new_year(2031), new_year(2032), timezones=st.just(UTC)),
        reference=text,
        basis=st.sampled_from(ConsentBasis),
        terms=st.frozensets(st.sampled_from(SoftOptInTerm)),
    )


def recent() -> SearchStrategy[datetime]:
    return st.datetimes(new_year(2029), new_year(2031), timezones=st.just(UTC))


def new_year(year: int) -> datetime:
    return datetime.fromisoformat(f"{year}-01-01")  # naive, as Hypothesis wants its bounds


def topics(
    *,
    id: Narrowed[TopicId] = None,
    default: Narrowed[DefaultSubscription] = None,
    visibility: Narrowed[Visibility] = None,
    is_active: Narrowed[bool] = None,
) -> SearchStrategy[Topic]:
    """Topics of both defaults, public and private, active and not."""
    return st.builds(
        Topic,
        or_else(id, references().map(TopicId)),
        names(),
        or_else(default, st.sampled_from(DefaultSubscription)),
        or_else(visibility, st.sampled_from(Visibility)),
        or_else(is_active, st.booleans()),
        st.integers(),
        st.text(max_size=20),
    )


def tags() -> SearchStrategy[str]:
    """Names of tags: 1 to 100 visible characters, half of them from a few that recur."""
    visible = st.text(min_size=1, max_size=100).filter(lambda text: hidden_characters(text) is None)
    return st.sampled_from(_TAGS) | visible


def contacts(  # noqa: PLR0913 - one keyword per field that decides something
    *,
    id: Narrowed[ContactId] = None,
    project: Narrowed[ProjectId] = None,
    address: Narrowed[Address] = None,
    status: Narrowed[Status] = None,
    validation: Narrowed[Validation] = None,
    tagged: Narrowed[frozenset[str]] = None,
    fields: Narrowed[Mapping[str, Scalar]] = None,
    topics: Narrowed[Mapping[TopicId, bool]] = None,
    consent: Narrowed[Consent | None] = None,
) -> SearchStrategy[Contact]:
    """People of every status, with or without names, labels, fields, choices of topics and consent."""
    attribute = st.none() | st.sampled_from(("DE", "de", "Ada", "+49 30 1")) | names()
    return st.builds(
        Contact,
        id=or_else(id, references().map(ContactId)),
        project=or_else(project, references().map(ProjectId)),
        address=or_else(address, addresses()),
        status=or_else(status, st.sampled_from(Status)),
        validation=or_else(validation, st.sampled_from(Validation)),
        first_name=attribute,
        last_name=attribute,
        phone=attribute,
        country=attribute,
        language=attribute,
        tags=or_else(tagged, st.frozensets(tags(), max_size=3)),
        fields=or_else(fields, st.dictionaries(field_names(), scalars(), max_size=3)),
        topics=or_else(topics, st.dictionaries(references().map(TopicId), st.booleans(), max_size=2)),
        consent=or_else(consent, st.none() | consents()),
    )


def drafts(
    *,
    address: Narrowed[Address] = None,
    status: Narrowed[Status | None] = None,
    tagged: Narrowed[frozenset[str]] = None,
    fields: Narrowed[Mapping[str, Scalar]] = None,
) -> SearchStrategy[ContactDraft]:
    """People as a list describes them: what is said of them and what is not, in values that any store can keep."""
    attribute = st.none() | st.sampled_from(("DE", "de", "Ada", "+49 30 1")) | names()
    kept = scalars().filter(lambda value: "\0" not in value if isinstance(value, str) else True)
    return st.builds(
        ContactDraft,
        address=or_else(address, addresses()),
        status=or_else(status, st.none() | st.sampled_from(Status)),
        first_name=attribute,
        last_name=attribute,
        phone=attribute,
        country=attribute,
        language=attribute,
        tags=or_else(tagged, st.frozensets(tags(), max_size=3)),
        fields=or_else(fields, st.dictionaries(field_names().filter(lambda name: "\0" not in name), kept, max_size=3)),
    )


def suppressions(
    *, reason: Narrowed[SuppressionReason] = None, provider: Narrowed[str] = None
) -> SearchStrategy[Suppression]:
    """Entries of the list, each with a provider exactly where it is a provider's."""
    at, source, whose = moments(), names(), or_else(provider, st.sampled_from(PROVIDERS))
    entries = {
        why: st.builds(Suppression, st.just(why), at, source, whose if why is SuppressionReason.PROVIDER else st.none())
        for why in SuppressionReason
    }
    return or_else(reason, st.sampled_from(SuppressionReason)).flatmap(entries.__getitem__)


def denials(*, among: Denials = EVERY_DENIAL) -> SearchStrategy[Denials]:
    """Any combination of denials, none included; ``among`` says which may occur."""
    return st.integers(0, int(EVERY_DENIAL)).map(lambda bits: Denials(bits) & among)


def engagements(
    *, action: Narrowed[EngagementAction] = None, at: Narrowed[datetime] = None
) -> SearchStrategy[Engagement]:
    """Events of any kind, in a campaign or not."""
    campaigns = st.none() | st.sampled_from(CAMPAIGNS)
    return st.builds(Engagement, or_else(action, st.sampled_from(EngagementAction)), or_else(at, moments()), campaigns)


def field_names() -> SearchStrategy[str]:
    return st.sampled_from(_FIELDS) | st.text(min_size=1, max_size=20)
