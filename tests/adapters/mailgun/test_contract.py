"""Mailgun under the contract of providers, in both colours."""

from __future__ import annotations

import base64
from collections.abc import Sequence

from migma_http import HttpProvider, Secret
from migma_mailgun import CannotCarry, MailgunCodec

from migma_core import Batch, Outcome
from migma_core.message import HeaderRefused
from migma_core.message.certificate import Delivered
from migma_core.ports import Provider
from migma_core.testing import HandOverLaws, ProviderLaws
from migma_core.testing.worlds import World
from tests.adapters.mailgun.reader import deliveries
from tests.support.examples import few
from tests.support.http_worlds import KEY, hand_over, hand_over_async, never

SECRETS = (KEY, base64.b64encode(f"api:{KEY}".encode()).decode())


class TestMailgun(ProviderLaws):
    """The codec under urllib3's driver, read by Mailgun's published rules."""

    secrets = SECRETS
    examples = few(25)
    cannot_carry = (CannotCarry, HeaderRefused)

    def provider(self) -> Provider:
        """With a key, and nobody to ask."""
        return HttpProvider(MailgunCodec(Secret(KEY)), never)

    def hand_over(self, batch: Batch, world: World) -> Sequence[Outcome]:
        """In a world of HTTP."""
        return hand_over(MailgunCodec(Secret(KEY)), batch, world)

    def read(self, octets: bytes, batch: Batch) -> list[Delivered]:
        """What each mailbox would receive."""
        return deliveries(octets)


class TestAwaited(HandOverLaws):
    """The same codec, awaited."""

    secrets = SECRETS
    examples = few(10)  # each is an event loop of its own

    def provider(self) -> Provider:
        """What encodes."""
        return TestMailgun().provider()

    def hand_over(self, batch: Batch, world: World) -> Sequence[Outcome]:
        """In an event loop."""
        return hand_over_async(MailgunCodec(Secret(KEY)), batch, world)
