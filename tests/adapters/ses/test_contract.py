"""SES under the contract of providers: each form of a mail, bulk sends, and both colours."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from migma_http import HttpProvider
from migma_ses import CannotCarry, Encoder, SesCodec

from migma_core import Batch, Outcome
from migma_core.message.certificate import Delivered
from migma_core.ports import Provider
from migma_core.testing import HandOverLaws, ProviderLaws
from migma_core.testing.worlds import World
from tests.adapters.ses.connecting import SECRETS, RawEncoder, codec
from tests.adapters.ses.reader import read
from tests.support.examples import few
from tests.support.http_worlds import hand_over, hand_over_async, never


class TestSes(ProviderLaws):
    """One mail a request, in the form that holds it; a batch is encoded as the loop divides it."""

    secrets = SECRETS
    cannot_carry = (CannotCarry,)
    examples = few(25)

    def codec(self) -> SesCodec:
        """As it comes."""
        return codec()

    def provider(self) -> Provider:
        """With credentials, and nobody to ask."""
        return HttpProvider(self.codec(), never)

    def hand_over(self, batch: Batch, world: World) -> Sequence[Outcome]:
        """In a world of HTTP."""
        return hand_over(self.codec(), batch, world)

    def divided(self, batch: Batch) -> Iterator[Batch]:
        """As the loop divides it."""
        most = self.codec().capabilities.most_messages
        for at in range(0, len(batch.messages), most):
            yield Batch.of(batch.compiled, batch.messages[at : at + most], batch.moment)

    def encode(self, batch: Batch) -> bytes:
        """As many requests as it takes."""
        return b"\0".join(super(TestSes, self).encode(one) for one in self.divided(batch))

    def read(self, octets: bytes, batch: Batch) -> list[Delivered]:
        """What each mailbox would receive."""
        return [mail for one in octets.split(b"\0") for mail in read(one)]


class TestRaw(TestSes):
    """The same where every mail is written in the raw form; its outcomes are those above."""

    examples = few(15)

    def codec(self) -> SesCodec:
        """Raw alone."""
        return codec(RawEncoder())


class TestBulk(TestSes):
    """The same with bulk sends, filled by the rules of their templates."""

    examples = few(15)

    def codec(self) -> SesCodec:
        """With bulk."""
        return codec(Encoder(bulk=True))


class TestAwaited(HandOverLaws):
    """The same codec, awaited; with bulk, whose answers are the more intricate."""

    secrets = SECRETS
    examples = few(10)  # each is an event loop of its own

    def provider(self) -> Provider:
        """What encodes."""
        return TestBulk().provider()

    def hand_over(self, batch: Batch, world: World) -> Sequence[Outcome]:
        """In an event loop."""
        return hand_over_async(TestBulk().codec(), batch, world)
