"""The body: one approved message as a direct send, the page finished here, the opt-out left to Migma (R26 to R30)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from migma_core.audience import TopicId
from migma_core.decision import Purpose
from migma_core.message import Batch, Compiled, Template
from migma_core.message.compile import delegated_page
from migma_core.message.program import PLAIN, Program, pieces_of

from .limits import CannotCarry, check_batch, check_page, check_subject
from .resources.sending import ProviderType, Send

__all__ = ["encode", "neutral"]


def encode(
    batch: Batch, project: str, *, provider: ProviderType = "migma", topics: Mapping[TopicId, str] | None = None
) -> bytes:
    """
    Write the one message of a batch as a direct send.

    ``transactional`` is always said (R1 to R5): one address without it would be taken for transactional, marketing or
    not. For marketing Migma adds the List-Unsubscribe headers, the link and the address: ours stay out. A topic goes
    along as Migma knows it (``topics``), so that a choice made there counts as well.

    The same batch gives the same octets. Raises `CannotCarry`.
    """
    check_batch(batch)
    compiled, (message,) = batch.compiled, batch.messages
    request, marketing = compiled.request, compiled.purpose is Purpose.MARKETING
    said = Send(
        recipient_type="email",
        recipient_email=str(message.approval.address),
        from_=str(request.sender),
        from_name=request.sender_name,
        subject=check_subject(message.subject),
        template=neutral(_program(check_page(batch, _page(compiled))).run(message.values)),
        project_id=project,
        provider_type=provider,
        transactional=not marketing,
    )
    more: dict[str, str] = {}
    if request.reply_to is not None:
        more["reply_to"] = str(request.reply_to)
    if marketing and request.topic is not None:
        more["topic_id"] = _topic(request.topic, topics or {})
    return said.model_copy(update=more).model_dump_json(by_alias=True, exclude_unset=True).encode()


def neutral(page: str) -> str:
    """
    A finished page in which Migma finds no place to fill: of two braces in a row the second becomes its character
    reference, which reads the same (design D9).

    >>> neutral("<p>Hello {{name}}</p>")
    '<p>Hello {&#123;name}}</p>'
    """
    return page.replace("{{", "{&#123;")


def _topic(topic: TopicId, topics: Mapping[TopicId, str]) -> str:
    if topic not in topics:
        raise CannotCarry("Migma does not know the topic yet: run migma sync, which makes it known there")
    return topics[topic]


@lru_cache(maxsize=8)  # a send has one content, and a message of its own for each recipient
def _page(compiled: Compiled) -> Template | None:
    return delegated_page(compiled)


@lru_cache(maxsize=8)
def _program(page: Template) -> Program:
    return Program(pieces_of(page, PLAIN))
