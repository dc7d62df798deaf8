"""Migma's direct send under the contract of providers, in both colours."""

from __future__ import annotations

from collections.abc import Sequence

from migma_http import Secret
from migma_platform import Api, CannotCarry, MigmaCodec, PlatformProvider

from migma_core import Batch, Outcome
from migma_core.message.certificate import Delivered
from migma_core.ports import Provider
from migma_core.testing import HandOverLaws, ProviderLaws
from migma_core.testing.worlds import World
from tests.adapters.migma.expander import expand
from tests.support.examples import few
from tests.support.http_worlds import KEY, hand_over, hand_over_async, never

CODEC = MigmaCodec(Api(Secret(KEY)), "proj_1")


class TestMigma(ProviderLaws):
    """The codec under urllib3's driver; the opt-out is Migma's to add."""

    secrets = (KEY,)
    examples = few(25)
    cannot_carry = (CannotCarry,)
    delegated = True

    def provider(self) -> Provider:
        """With a key, and nobody to ask."""
        return PlatformProvider(CODEC, never)

    def hand_over(self, batch: Batch, world: World) -> Sequence[Outcome]:
        """In a world of HTTP."""
        return hand_over(CODEC, batch, world)

    def read(self, octets: bytes, batch: Batch) -> list[Delivered]:
        """What the mailbox would receive."""
        del batch
        return [expand(octets)]


class TestAwaited(HandOverLaws):
    """The same codec, awaited."""

    secrets = (KEY,)
    examples = few(10)  # each is an event loop of its own

    def provider(self) -> Provider:
        """What encodes."""
        return TestMigma().provider()

    def hand_over(self, batch: Batch, world: World) -> Sequence[Outcome]:
        """In an event loop."""
        return hand_over_async(CODEC, batch, world)
