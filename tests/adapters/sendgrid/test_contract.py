"""SendGrid under the contract of providers, in both colours."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any

from migma_http import HttpProvider, Secret
from migma_sendgrid import CannotCarry, SendGridCodec

from migma_core import Attachment, Batch, Outcome
from migma_core.message.certificate import Delivered
from migma_core.ports import Provider
from migma_core.testing import HandOverLaws, ProviderLaws
from migma_core.testing.worlds import World
from tests.adapters.sendgrid.expander import expand
from tests.support.examples import few
from tests.support.http_worlds import KEY, hand_over, hand_over_async, never


class TestSendGrid(ProviderLaws):
    """The codec under urllib3's driver, expanded by SendGrid's published rules."""

    secrets = (KEY,)
    examples = few(25)
    cannot_carry = (CannotCarry,)

    def provider(self) -> Provider:
        """With a key, and nobody to ask."""
        return HttpProvider(SendGridCodec(Secret(KEY)), never)

    def hand_over(self, batch: Batch, world: World) -> Sequence[Outcome]:
        """In a world of HTTP."""
        return hand_over(SendGridCodec(Secret(KEY)), batch, world)

    def read(self, octets: bytes, batch: Batch) -> list[Delivered]:
        """What each mailbox would receive."""
        request = json.loads(octets)
        return [
            Delivered(
                (*one.to, *one.cc, *one.bcc),
                tuple(one.headers.items()),
                one.subject,
                one.text,
                one.html,
                (request["from"]["name"], request["from"]["email"]),
                request.get("reply_to", {}).get("email"),
                one.arguments["migma_delivery"],
                tuple(map(_file, request.get("attachments", []))),
                tuple(request.get("categories", [])),
                tuple(request.get("custom_args", {}).items()),
                one.cc,
            )
            for one in expand(octets)
        ]


class TestAwaited(HandOverLaws):
    """The same codec, awaited."""

    secrets = (KEY,)
    examples = few(10)  # each is an event loop of its own

    def provider(self) -> Provider:
        """What encodes."""
        return TestSendGrid().provider()

    def hand_over(self, batch: Batch, world: World) -> Sequence[Outcome]:
        """In an event loop."""
        return hand_over_async(SendGridCodec(Secret(KEY)), batch, world)


def _file(one: dict[str, Any]) -> Attachment:
    assert one["disposition"] == ("inline" if "content_id" in one else "attachment")
    return Attachment(one["filename"], base64.b64decode(one["content"]), one["type"], one.get("content_id"))
