"""
The contract of providers: what must hold of an adapter that hands mail over, whatever the world answers.

    from migma_core.testing import ProviderLaws

    class TestOurProvider(ProviderLaws):
        secrets = ("our-api-key",)
        def provider(self): return OurProvider("our-api-key")
        def read(self, octets, batch): return [...]  # as a mailbox would receive each
        def hand_over(self, batch, world): return [...]  # one outcome per message, in that world

pytest then runs every law against it, and those of encodings as well.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import ClassVar

from hypothesis import assume

from ..audience.address import Address
from ..delivery.outcome import Accepted, NotSent, Outcome, Rejected, Unknown
from ..message.message import Batch
from ..ports.provider import Provider
from .encoding_laws import EncodingLaws
from .law import law
from .mail import batches, plain_batch
from .worlds import NoWord, Told, World, doubtful, successes, worlds

__all__ = ["ProviderLaws"]

_OUTCOMES = (Accepted, Rejected, NotSent, Unknown)


class ProviderLaws(EncodingLaws):
    """
    Every law of a provider. ``secrets`` are its credentials, which are seen in no text; ``sheds`` the statuses above
    499 of which its documentation says that nothing was done.
    """

    secrets: ClassVar[tuple[str, ...]] = ()
    sheds: ClassVar[frozenset[int]] = frozenset()
    cannot_carry = (ValueError,)

    def provider(self) -> Provider:
        """Hook: the adapter, with `secrets` for its credentials."""
        raise NotImplementedError("give the laws a provider: def provider(self)")

    def hand_over(self, batch: Batch, world: World) -> Sequence[Outcome]:
        """Hook: what the adapter makes of handing this over in a world that answers so."""
        raise NotImplementedError("say how the world answers: def hand_over(self, batch, world)")

    def encode(self, batch: Batch) -> bytes:
        """The bodies that leave, with a NUL between two."""
        return b"\0".join(self.provider().encode(batch).bodies)

    def outcomes(self, batch: Batch, world: World) -> Sequence[Outcome]:
        """What comes of it; a batch that cannot be carried is no example of anything."""
        try:
            self.provider().encode(batch)
        except self.cannot_carry:
            assume(False)
        return self.hand_over(batch, world)

    @law("design D7", "an HTML page where JSON was expected, raised to the loop", batch=batches(), world=worlds())
    def test_every_world_has_one_outcome_per_message(self, batch: Batch, world: World) -> None:
        """Any status, any octets, and no answer at all: one of the four outcomes for each message, nothing raised."""
        outcomes = self.outcomes(batch, world)
        assert len(outcomes) == len(batch.messages)
        assert all(isinstance(one, _OUTCOMES) for one in outcomes)
        assert all(one.retry_after is None or 0 <= one.retry_after <= 3600 for one in outcomes if type(one) is NotSent)  # noqa: PLR2004 - reliability §7

    @law("design D8, reliability §2", "a mail sent twice after a timeout", batch=batches(), world=doubtful())
    def test_what_may_have_left_is_never_said_not_to_have(self, batch: Batch, world: World) -> None:
        """After any 5xx, and after no answer to what may have left, nobody is certain that nothing was sent."""
        assume(getattr(world, "status", None) not in self.sheds)
        assert not any(isinstance(one, NotSent | Rejected) for one in self.outcomes(batch, world))

    @law(
        "reliability §2",
        "an accepted mail sent again, since its answer could not be read",
        batch=batches(),
        world=worlds(),
    )
    def test_success_is_final(self, batch: Batch, world: World) -> None:
        """After any 2xx nobody is tried again, whatever the body holds or lacks."""
        assert all(isinstance(one, Accepted | Rejected) for one in self.outcomes(batch, world))

    @law("reliability §2", "a campaign ended by a name server that was away", batch=batches())
    def test_what_never_left_may_be_tried_again(self, batch: Batch) -> None:
        """Without a connection everybody is certain that nothing was sent, and nobody is rejected for it."""
        assert all(isinstance(one, NotSent) for one in self.outcomes(batch, NoWord(maybe=False)))

    @law("design §4 D2", "an API key in a log, in a provider's own words", batch=batches(most=1), world=worlds())
    def test_credentials_are_seen_nowhere(self, batch: Batch, world: World) -> None:
        """Neither the octets, nor what prints, nor the reason of any outcome holds a credential, even one told back."""
        worded = json.dumps({"message": " ".join(self.secrets), "errors": [{"message": " ".join(self.secrets)}]})
        told = Told(getattr(world, "status", 401), (), worded.encode())
        outcomes = [*self.outcomes(batch, world), *self.outcomes(batch, told)]
        shown = f"{self.provider()!r} {outcomes!r}"
        for secret in self.secrets:
            assert secret not in shown
            assert secret.encode() not in self.encode(batch)

    @law("design D9", "an attachment, a name or a reply-to dropped in silence", batch=batches(most=1, whole=True))
    def test_nothing_of_the_message_is_lost(self, batch: Batch) -> None:
        """Names, reply-to, files and images, and our delivery's id arrive as they were given."""
        request = batch.compiled.request
        for delivered, message in zip(self.delivered(batch), batch.messages, strict=True):
            assert delivered.sender == (request.sender_name, str(request.sender))
            assert delivered.reply_to == (str(request.reply_to) if request.reply_to else None)
            assert delivered.delivery == message.delivery
            assert sorted(delivered.files, key=repr) == sorted(request.content.attachments, key=repr)

    @law("design D9", "the 1,001st recipient of a thousand")
    def test_what_is_declared_is_what_is_carried(self) -> None:
        """As many as it says and no more; files and international addresses as it says, or refused before sending."""
        can = self.provider().capabilities
        local = Address("jürgen", "example.com")
        several = can.together(with_files=True) > 1
        claims: tuple[tuple[bool, Callable[[], Batch]], ...] = (
            (True, lambda: plain_batch(can.most_messages)),
            (False, lambda: plain_batch(can.most_messages + 1)),
            (can.attachments, lambda: plain_batch(1, file=True)),
            (can.attachments and several, lambda: plain_batch(2, file=True)),
            (can.international_local_parts, lambda: plain_batch(1, address=local)),
        )
        for declared, batch in claims:
            assert self._carries(batch()) is declared

    def _carries(self, batch: Batch) -> bool:
        try:
            self.provider().encode(batch)
        except ValueError:
            return False
        return True
