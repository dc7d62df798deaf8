"""Resend under the contract of providers, in both colours."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from email.utils import parseaddr
from typing import Any

from migma_http import HttpProvider, Secret
from migma_resend import CannotCarry, ResendCodec

from migma_core import Attachment, Batch, Outcome
from migma_core.message.certificate import Delivered
from migma_core.ports import Provider
from migma_core.testing import HandOverLaws, ProviderLaws
from migma_core.testing.worlds import World
from tests.support.examples import few
from tests.support.http_worlds import KEY, hand_over, hand_over_async, never


class TestResend(ProviderLaws):
    """The codec under urllib3's driver; a mail is what its JSON says."""

    secrets = (KEY,)
    examples = few(25)
    cannot_carry = (CannotCarry,)

    def provider(self) -> Provider:
        """With a key, and nobody to ask."""
        return HttpProvider(ResendCodec(Secret(KEY)), never)

    def hand_over(self, batch: Batch, world: World) -> Sequence[Outcome]:
        """In a world of HTTP."""
        return hand_over(ResendCodec(Secret(KEY)), batch, world)

    def read(self, octets: bytes, batch: Batch) -> list[Delivered]:
        """What each mailbox would receive."""
        read = json.loads(octets)
        return [_delivered(one) for one in (read if isinstance(read, list) else [read])]


class TestAwaited(HandOverLaws):
    """The same codec, awaited."""

    secrets = (KEY,)
    examples = few(10)  # each is an event loop of its own

    def provider(self) -> Provider:
        """What encodes."""
        return TestResend().provider()

    def hand_over(self, batch: Batch, world: World) -> Sequence[Outcome]:
        """In an event loop."""
        return hand_over_async(ResendCodec(Secret(KEY)), batch, world)


def _delivered(mail: dict[str, Any]) -> Delivered:
    name, address = parseaddr(mail["from"])
    tags = {tag["name"]: tag["value"] for tag in mail["tags"]}
    assert len(tags) == len(mail["tags"])
    delivery = tags.pop("migma_delivery")
    labels = [name for name in tags if name.startswith("migma_label_")]
    return Delivered(
        (*mail["to"], *mail.get("cc", ()), *mail.get("bcc", ())),
        tuple(mail["headers"].items()),
        mail["subject"],
        mail.get("text"),
        mail.get("html"),
        (name, address),
        mail.get("reply_to"),
        delivery,
        tuple(map(_file, mail.get("attachments", []))),
        tuple(name.removeprefix("migma_label_") for name in labels),
        tuple(pair for pair in tags.items() if pair[0] not in labels),
        tuple(mail.get("cc", ())),
    )


def _file(one: dict[str, Any]) -> Attachment:
    return Attachment(one["filename"], base64.b64decode(one["content"]), one["content_type"], one.get("content_id"))
