"""Messages and batches: what a provider is handed, and nothing else (design D9)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from ..audience.address import hidden_characters
from ..audience.values import Scalar
from ..decision.purpose import Purpose
from ..request.send_request import SendRequest
from .approval import Approval
from .compile import Compiled
from .compliance import POSTAL_ADDRESS, PREFERENCES_URL, TRACKING_PIXEL, UNSUBSCRIBE_URL, check_link
from .headers import HeaderRefused
from .sealed import Sealed, SealedError, SealedValues
from .template import as_text, lined, lone_surrogate
from .token import DeliveryId

__all__ = ["ApprovalExpired", "Batch", "Message"]


class ApprovalExpired(ValueError):
    """More than a minute passed since the claim: give the row back and decide again."""


class Message(Sealed):
    """`Message.of` makes one from an approval."""

    __slots__ = ("approval", "delivery", "subject", "unsubscribe_url", "values")

    approval: Approval
    delivery: DeliveryId
    subject: str
    values: Mapping[str, str]
    unsubscribe_url: str | None

    @staticmethod
    def of(
        approval: Approval,
        compiled: Compiled,
        delivery: DeliveryId,
        values: Mapping[str, Scalar],
        unsubscribe_url: str | None = None,
        preferences_url: str | None = None,
    ) -> Message:
        """
        Address one approved person. ``values`` are the contact's; the request's variables win over them. Of both, only
        what the content asks for is taken.

        Raises `SealedError` for anything but a genuine approval of this very request, and `HeaderRefused` where a
        value would break the subject, or a link that the content needs is not given.
        """
        if (
            type(approval) is not Approval
            or not _is_same(approval.request, compiled.request)
            or approval.purpose is not compiled.purpose
        ):
            raise SealedError("a message needs the approval of this request, from migma_core.approve")
        if unsubscribe_url is None and (compiled.purpose is Purpose.MARKETING or compiled.links_out):
            raise HeaderRefused("the content holds an opt-out link and this recipient has none")
        if preferences_url is None and compiled.holds(PREFERENCES_URL):
            raise HeaderRefused("the content holds a link to the preferences and this recipient has none")
        variables = compiled.request.variables
        filled = {
            name: as_text(variables[name] if name in variables else values.get(name)) for name in compiled.in_order
        }
        filled[UNSUBSCRIBE_URL] = unsubscribe_url or ""
        filled[PREFERENCES_URL] = preferences_url or ""
        filled[POSTAL_ADDRESS] = compiled.brand.postal_address
        filled[TRACKING_PIXEL] = ""  # nothing tracks yet (O-10)
        subject = compiled.subject.render(filled)
        _check(subject, filled, unsubscribe_url, loopback=compiled.brand.loopback)
        return _sealed_message(approval, delivery, subject, SealedValues(_lined(filled)), unsubscribe_url)

    @property
    def message_id(self) -> str:
        """Deterministic and free of the address, in the sender's domain (compliance H-01)."""
        return f"<{self.delivery}@{self.approval.request.sender.domain}>"

    def __repr__(self) -> str:
        return f"<Message {self.delivery} {self.approval!r}>"


class Batch(Sealed):
    """`Batch.of` makes one from messages that share a content."""

    __slots__ = ("compiled", "expires", "messages", "moment")

    compiled: Compiled
    messages: tuple[Message, ...]
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
        if len({one.delivery for one in them}) != len(them):
            raise SealedError("a delivery is in a batch once")
        expires = min(one.approval.expires for one in them)
        if now >= expires:
            raise ApprovalExpired(f"an approval expired at {expires:%H:%M:%S}; it is {now:%H:%M:%S}: decide again")
        return _sealed_batch(compiled, them, now, expires)

    def __repr__(self) -> str:
        return f"<Batch of {len(self.messages)} until {self.expires:%H:%M:%S}>"


def _is_same(one: SendRequest, other: SendRequest) -> bool:
    return one is other or one == other  # to compare every field of every recipient's request would take its time


def _lined(filled: dict[str, str]) -> dict[str, str]:
    """Nearly nobody's values hold a carriage return."""
    if "\r" not in "".join(filled.values()):
        return filled
    return {name: lined(value) for name, value in filled.items()}


def _check(subject: str, filled: Mapping[str, str], unsubscribe_url: str | None, *, loopback: bool) -> None:
    """Refuse here what would break an encoder: there it would cost the whole batch, here it costs one row."""
    if (hidden := hidden_characters(subject)) is not None:
        raise HeaderRefused(f"with this recipient's values the subject holds {hidden} (compliance G-01)")
    if unsubscribe_url is not None:
        check_link(unsubscribe_url, loopback=loopback)
    if "".join(filled.values()).isascii():
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
) -> Message:
    message = object.__new__(Message)
    write = object.__setattr__
    write(message, "approval", approval)
    write(message, "delivery", delivery)
    write(message, "subject", subject)
    write(message, "values", values)
    write(message, "unsubscribe_url", unsubscribe_url)
    return message


def _sealed_batch(compiled: Compiled, messages: tuple[Message, ...], moment: datetime, expires: datetime) -> Batch:
    batch = object.__new__(Batch)
    write = object.__setattr__
    write(batch, "compiled", compiled)
    write(batch, "messages", messages)
    write(batch, "moment", moment)
    write(batch, "expires", expires)
    return batch
