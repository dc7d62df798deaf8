"""Strategies for requests and what they are made of."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ...audience.address import Address
from ...audience.contact import ProjectId
from ...audience.segment import SegmentId
from ...audience.topic import TopicId
from ...audience.values import Scalar
from ...request.content import Attachment, Content
from ...request.domain import MANAGED_SUFFIX, PROVIDERS, SendingDomain
from ...request.exclusion import EarlierRecipients, ExceptSegment, Exclusion, SendId
from ...request.recipients import OneAddress, Recipients, SegmentMembers, TagHolders
from ...request.send_request import SendRequest
from ...request.sync import Sync
from .audience import field_names, tags
from .values import (
    ATEXT,
    Narrowed,
    addresses,
    domain_names,
    moments,
    names,
    or_else,
    references,
    scalars,
    sender_names,
)

__all__ = [
    "attachments",
    "contents",
    "custom_headers",
    "exclusions",
    "labels",
    "metadata",
    "recipients",
    "send_requests",
    "sending_domains",
    "syncs",
]


def attachments() -> SearchStrategy[Attachment]:
    """Files of a few types, some of them inline images."""
    named = names().map(lambda text: "".join(c for c in text if c not in '"\\/')).filter(bool)
    kinds = st.sampled_from(("application/pdf", "image/png", "application/vnd.x+json"))
    return st.builds(Attachment, named, st.binary(max_size=20), kinds, st.none() | st.just("logo.1"))


def contents(
    *, subject: Narrowed[str] = None, html: Narrowed[str] = None, text: Narrowed[str] = None
) -> SearchStrategy[Content]:
    """Subjects of up to 900 characters and bodies of any text, braces that make no placeholder included."""
    body = st.text(min_size=1, max_size=60).filter(lambda given: bool(given.strip()))
    subjects = st.sampled_from(("Hello {{first_name|you}}", "x" * 900)) | names()
    files = st.lists(attachments(), max_size=2).map(tuple)
    return st.builds(
        Content,
        or_else(subject, subjects),
        or_else(html, body),
        or_else(text, st.none() | st.text()),
        files,
    )


def exclusions() -> SearchStrategy[Exclusion]:
    """A segment or an earlier send to leave out."""
    return st.builds(ExceptSegment, references().map(SegmentId)) | st.builds(
        EarlierRecipients, references().map(SendId)
    )


def recipients() -> SearchStrategy[Recipients]:
    """One address, the holders of a tag, or the members of a segment."""
    return (
        st.builds(OneAddress, addresses())
        | st.builds(TagHolders, tags())
        | st.builds(SegmentMembers, references().map(SegmentId))
    )


def send_requests(  # noqa: PLR0913 - one keyword per field that decides something
    *,
    project: Narrowed[ProjectId] = None,
    sender: Narrowed[Address] = None,
    to: Narrowed[Recipients] = None,
    content: Narrowed[Content] = None,
    provider: Narrowed[str] = None,
    topic: Narrowed[TopicId | None] = None,
    transactional: Narrowed[bool | None] = None,
    justification: Narrowed[str | None] = None,
    variables: Narrowed[Mapping[str, Scalar]] = None,
    headers: Narrowed[Mapping[str, str]] = None,
) -> SearchStrategy[SendRequest]:
    """Requests to every kind of recipient, with the flag set, cleared and unset, through every provider."""
    ascii_locals = st.text(ATEXT, min_size=1, max_size=64)
    return st.builds(
        SendRequest,
        project=or_else(project, references().map(ProjectId)),
        sender=or_else(sender, addresses(local=ascii_locals)),
        sender_name=sender_names(),
        recipients=or_else(to, recipients()),
        content=or_else(content, contents()),
        provider=or_else(provider, st.sampled_from(PROVIDERS)),
        reply_to=st.none() | addresses(),
        topic=or_else(topic, st.none() | references().map(TopicId)),
        transactional=or_else(transactional, st.none() | st.booleans()),
        justification=or_else(justification, st.none() | st.text(max_size=20)),
        variables=or_else(variables, st.dictionaries(field_names(), scalars(), max_size=2)),
        headers=or_else(headers, custom_headers()),
        labels=labels(),
        metadata=metadata(),
        deliver_at=st.none() | moments(),
    )


def labels() -> SearchStrategy[tuple[str, ...]]:
    """What a request may be labelled with."""
    return st.lists(_marks(64), max_size=3, unique=True).map(tuple)


def metadata() -> SearchStrategy[Mapping[str, str]]:
    """What may be noted about a request."""
    return st.dictionaries(_marks(40), _marks(64), max_size=3)


def _marks(most: int) -> SearchStrategy[str]:
    words = st.text("abzAZ019_-", min_size=1, max_size=most)
    return words.filter(lambda word: not word.lower().startswith("migma"))


def custom_headers() -> SearchStrategy[Mapping[str, str]]:
    """A caller's own headers: any name that is theirs to set, any text that a line can hold."""
    named = st.from_regex(r"X-[A-Za-z0-9]{1,20}", fullmatch=True).filter(lambda name: name.lower() != "x-smtpapi")
    return st.dictionaries(named, names(most=200), max_size=3).filter(
        lambda given: len({name.lower() for name in given}) == len(given)
    )


def sending_domains(
    *,
    name: Narrowed[str] = None,
    is_verified: Narrowed[bool] = None,
    is_suspended: Narrowed[bool] = None,
    sent: Narrowed[int] = None,
    bounced: Narrowed[int] = None,
    complained: Narrowed[int] = None,
) -> SearchStrategy[SendingDomain]:
    """Managed and custom domains in every state, of every reputation; often near a threshold."""
    managed = st.from_regex(r"[a-z0-9]([a-z0-9-]{1,20}[a-z0-9])", fullmatch=True).map(lambda one: one + MANAGED_SUFFIX)
    totals = or_else(sent, st.sampled_from((0, 99, 100, 1000, 10**6)))
    counts = totals.flatmap(
        lambda total: st.tuples(
            st.just(total),
            or_else(bounced, _shares(total, (2, 4, 5, 10), 100)),
            or_else(complained, _shares(total, (1, 5), 1000)),
        )
    )
    flags = st.tuples(or_else(is_verified, st.booleans()), or_else(is_suspended, st.booleans()))
    parts = st.tuples(or_else(name, domain_names() | managed), flags, counts, st.tuples(st.booleans(), st.booleans()))
    return parts.map(lambda part: SendingDomain(part[0], *part[1], *part[2], *part[3]))


def syncs() -> SearchStrategy[Sync]:
    """Connected syncs, some of which never had a whole pass."""
    bounds = st.timedeltas(timedelta(minutes=1), timedelta(days=10))
    return st.builds(Sync, st.sampled_from(PROVIDERS), st.none() | moments(), bounds)


def _shares(total: int, parts: tuple[int, ...], of: int) -> SearchStrategy[int]:
    """Counts around the given shares of a total, and any other."""
    edges = [max(0, total * part // of + step) for part in parts for step in (-1, 0, 1)]
    return st.sampled_from([0, *edges]) | st.integers(0, total)
