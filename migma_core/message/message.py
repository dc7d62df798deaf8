"""Messages and batches: what a provider is handed, and nothing else (design D9)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, TypeVar

from ..audience.address import Address, hidden_characters
from ..audience.values import Scalar
from ..decision.purpose import Purpose
from ..request.send_request import SendRequest
from .approval import Approval
from .compile import Compiled
from .compliance import PREFERENCES_URL, UNSUBSCRIBE_URL, check_link
from .headers import HeaderRefused
from .sealed import Sealed, SealedError, SealedValues, writers
from .template import as_text, lined, lone_surrogate
from .token import DeliveryId

__all__ = ["ApprovalExpired", "Batch", "Copy", "Message"]

T = TypeVar("T")


class ApprovalExpired(ValueError):
    """More than a minute passed since the claim: give the row back and decide again."""


class Copy(NamedTuple):
    """Somebody copied on a message: approved as the recipient was, with a delivery of their own (design D9)."""

    approval: Approval
    delivery: DeliveryId


class Message(Sealed):
    """`Message.of` makes one from an approval."""

    __slots__ = ("approval", "copies", "delivery", "subject", "unsubscribe_url", "values")

    approval: Approval
    delivery: DeliveryId
    subject: str
    values: Mapping[str, str]
    unsubscribe_url: str | None
    copies: tuple[Copy, ...]

    @staticmethod
    def of(
        approval: Approval,
        compiled: Compiled,
        delivery: DeliveryId,
        values: Mapping[str, Scalar],
        unsubscribe_url: str | None = None,
        preferences_url: str | None = None,
        copies: Sequence[Copy] = (),
    ) -> Message:
        """
        Address one approved person. ``values`` are the contact's; the request's variables win over them. Of both, only
        what the content asks for is taken. ``copies`` are those of the request's cc and bcc who are approved.

        Raises `SealedError` for anything but genuine approvals of this very request, each of an address that it names
        for that place, and `HeaderRefused` where a value would break the subject, or a link that the content needs is
        not given.
        """
        if not _is_approved(approval, compiled):
            raise SealedError(_NOT_APPROVED)
        if copies or compiled.request.copies:
            _check_copies(compiled, approval, copies)
        if unsubscribe_url is None and (compiled.purpose is Purpose.MARKETING or compiled.links_out):
            raise HeaderRefused("the content holds an opt-out link and this recipient has none")
        if preferences_url is None and compiled.holds(PREFERENCES_URL):
            raise HeaderRefused("the content holds a link to the preferences and this recipient has none")
        filled = {**compiled.shared, UNSUBSCRIBE_URL: unsubscribe_url or "", PREFERENCES_URL: preferences_url or ""}
        for name in compiled.of_contacts:
            value = values.get(name)
            filled[name] = value if type(value) is str else as_text(value)  # as nearly every value is, without a call
        subject = compiled.subject.render(filled)
        everything = "".join(filled.values())
        _check(subject, filled, everything, unsubscribe_url, loopback=compiled.brand.loopback)
        # nearly nobody's values hold a carriage return
        kept = SealedValues(filled if "\r" not in everything else {name: lined(it) for name, it in filled.items()})
        return _sealed_message(approval, delivery, subject, kept, unsubscribe_url, tuple(copies))

    @property
    def cc(self) -> tuple[Address, ...]:
        """Who is copied for all to see."""
        return self._copied(self.approval.request.cc)

    @property
    def bcc(self) -> tuple[Address, ...]:
        """Who is copied without the others knowing."""
        return self._copied(self.approval.request.bcc)

    @property
    def envelope(self) -> tuple[Address, ...]:
        """Everybody it goes to, the recipient first, in the order of `deliveries`."""
        return (self.approval.address, *(one.approval.address for one in self.copies))

    @property
    def deliveries(self) -> tuple[DeliveryId, ...]:
        """One for everybody it goes to."""
        return (self.delivery, *(one.delivery for one in self.copies))

    def _copied(self, named: Sequence[Address]) -> tuple[Address, ...]:
        if not self.copies:
            return ()
        canonical = {one.canonical for one in named}
        return tuple(one.approval.address for one in self.copies if one.approval.address.canonical in canonical)

    @property
    def message_id(self) -> str:
        """Deterministic and free of the address, in the sender's domain (compliance H-01)."""
        return f"<{self.delivery}@{self.approval.request.sender.domain}>"

    def __repr__(self) -> str:
        return f"<Message {self.delivery} {self.approval!r}>"


class Batch(Sealed):
    """`Batch.of` makes one from messages that share a content."""

    __slots__ = ("compiled", "deliveries", "expires", "messages", "moment")

    compiled: Compiled
    messages: tuple[Message, ...]
    deliveries: tuple[DeliveryId, ...]
    moment: datetime
    expires: datetime

    @staticmethod
    def of(compiled: Compiled, messages: Iterable[Message], now: datetime) -> Batch:
        """
        Put messages of one content together; ``now`` becomes their Date.

        Raises `ApprovalExpired` where an approval is past its minute, and `SealedError` where messages differ in
        request or policy, repeat a delivery, or are none at all.
        """
        them = tuple(messages)
        if not them or any(type(one) is not Message for one in them):
            raise SealedError("a batch is made of at least one message, from Message.of")
        if (
            any(not _is_same(one.approval.request, compiled.request) for one in them)
            or len({one.approval.policy for one in them}) > 1
        ):
            raise SealedError("the messages of a batch were approved for one request under one policy")
        copies = [copy for one in them for copy in one.copies]
        deliveries = tuple(d for one in them for d in one.deliveries) if copies else tuple(one.delivery for one in them)
        if len(set(deliveries)) != len(deliveries):
            raise SealedError("a delivery is in a batch once")
        approvals = (*(one.approval for one in them), *(one.approval for one in copies))
        expires = min(one.expires for one in approvals)
        if now >= expires:
            raise ApprovalExpired(f"an approval expired at {expires:%H:%M:%S}; it is {now:%H:%M:%S}: decide again")
        return _sealed_batch(compiled, them, deliveries, now, expires)

    def for_each_delivery(self, per_message: Sequence[T]) -> tuple[T, ...]:
        """What is so of each message, for each of the batch's ``deliveries``: a copy shares its message's fate."""
        if len(self.deliveries) == len(self.messages):
            return tuple(per_message)
        pairs = zip(self.messages, per_message, strict=True)
        return tuple(its for message, its in pairs for _ in message.deliveries)

    def __repr__(self) -> str:
        return f"<Batch of {len(self.messages)} until {self.expires:%H:%M:%S}>"


def _is_approved(approval: Approval, compiled: Compiled) -> bool:
    return (
        type(approval) is Approval
        and _is_same(approval.request, compiled.request)
        and approval.purpose is compiled.purpose
    )


_NOT_APPROVED = "a message needs the approval of this request, from migma_core.approve"


def _check_copies(compiled: Compiled, approval: Approval, copies: Sequence[Copy]) -> None:
    """Each is approved and stands where the request has it, and nobody is copied in the recipient's place."""
    if not all(_is_approved(one.approval, compiled) for one in copies):
        raise SealedError(_NOT_APPROVED)
    request = compiled.request
    copied = [one.approval.address.canonical for one in copies]
    if (
        approval.address.canonical != request.addressees[0].canonical
        or len(set(copied)) < len(copied)
        or not {one.canonical for one in request.copies}.issuperset(copied)
    ):
        raise SealedError("a message goes to its request's recipient, with copies to its cc and bcc, once each")


def _is_same(one: SendRequest, other: SendRequest) -> bool:
    return one is other or one == other  # to compare every field of every recipient's request would take its time


def _check(
    subject: str, filled: Mapping[str, str], everything: str, unsubscribe_url: str | None, *, loopback: bool
) -> None:
    """Refuse here what would break an encoder: there it would cost the whole batch, here it costs one row."""
    if (hidden := hidden_characters(subject)) is not None:
        raise HeaderRefused(f"with this recipient's values the subject holds {hidden} (compliance G-01)")
    if unsubscribe_url is not None:
        check_link(unsubscribe_url, loopback=loopback)
    if everything.isascii() or lone_surrogate(everything) is None:
        return
    for name, value in filled.items():
        if lone_surrogate(value) is not None:
            raise HeaderRefused(
                f"the value of {name} holds half a character (a lone surrogate), which no mail can hold"
            )


def _sealed_message(
    approval: Approval,
    delivery: DeliveryId,
    subject: str,
    values: Mapping[str, str],
    unsubscribe_url: str | None,
    copies: tuple[Copy, ...],
) -> Message:
    message = object.__new__(Message)
    _write_approval(message, approval)
    _write_delivery(message, delivery)
    _write_subject(message, subject)
    _write_values(message, values)
    _write_link(message, unsubscribe_url)
    _write_copies(message, copies)
    return message


_write_approval, _write_delivery, _write_subject, _write_values, _write_link, _write_copies = writers(
    Message, "approval", "delivery", "subject", "values", "unsubscribe_url", "copies"
)


def _sealed_batch(
    compiled: Compiled,
    messages: tuple[Message, ...],
    deliveries: tuple[DeliveryId, ...],
    moment: datetime,
    expires: datetime,
) -> Batch:
    batch = object.__new__(Batch)
    write = object.__setattr__
    write(batch, "compiled", compiled)
    write(batch, "messages", messages)
    write(batch, "deliveries", deliveries)
    write(batch, "moment", moment)
    write(batch, "expires", expires)
    return batch
