"""
The laws of handing over: what must hold of the outcomes, whatever the world answers.

A provider has them all in `ProviderLaws`; alone they hold a second driver of the same encoding, such as an awaited one.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import ClassVar

from hypothesis import assume

from ..delivery.outcome import Accepted, NotSent, Outcome, Rejected, Unknown
from ..message.message import Batch
from ..ports.provider import Provider
from .law import LawBook, law
from .mail import batches, within
from .worlds import NoWord, Told, World, doubtful, successes, worlds

__all__ = ["HandOverLaws"]

_OUTCOMES = (Accepted, Rejected, NotSent, Unknown)
_HOUR = 3600.0


class HandOverLaws(LawBook):
    """
    Every law of handing over. ``secrets`` are the provider's credentials, which are seen in no text; ``sheds`` the
    statuses above 499 of which its documentation says that nothing was done.
    """

    secrets: ClassVar[tuple[str, ...]] = ()
    sheds: ClassVar[frozenset[int]] = frozenset()

    def provider(self) -> Provider:
        """Hook: the adapter, with `secrets` for its credentials."""
        raise NotImplementedError("give the laws a provider: def provider(self)")

    def hand_over(self, batch: Batch, world: World) -> Sequence[Outcome]:
        """Hook: what the adapter makes of handing this over in a world that answers so."""
        raise NotImplementedError("say how the world answers: def hand_over(self, batch, world)")

    def outcomes(self, batch: Batch, world: World) -> Sequence[Outcome]:
        """What comes of it, for as much of the batch as is carried; one refused by name is no example of anything."""
        batch = within(batch, self.provider().capabilities)
        try:
            self.provider().encode(batch)
        except ValueError:
            assume(False)
        return self.hand_over(batch, world)

    @law("design D7", "an HTML page where JSON was expected, raised to the loop", batch=batches(), world=worlds())
    def test_every_world_has_one_outcome_per_message(self, batch: Batch, world: World) -> None:
        """Any status, any octets, and no answer at all: one of the four outcomes for each message, nothing raised."""
        outcomes = self.outcomes(batch, world)
        assert len(outcomes) == min(len(batch.messages), self.provider().capabilities.most_messages)
        assert all(isinstance(one, _OUTCOMES) for one in outcomes)
        waits = [one.retry_after for one in outcomes if isinstance(one, NotSent) and one.retry_after is not None]
        assert all(0 <= wait <= _HOUR for wait in waits)  # reliability §7

    @law("design D8, reliability §2", "a mail sent twice after a timeout", batch=batches(), world=doubtful())
    def test_what_may_have_left_is_never_said_not_to_have(self, batch: Batch, world: World) -> None:
        """After any 5xx, and after no answer to what may have left, nobody is certain that nothing was sent."""
        assume(getattr(world, "status", None) not in self.sheds)
        assert not any(isinstance(one, NotSent | Rejected) for one in self.outcomes(batch, world))

    @law(
        "reliability §2",
        "an accepted mail sent again, since its answer could not be read",
        batch=batches(most=1),
        world=successes(),
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
        words = " ".join(self.secrets)
        worded = json.dumps({"name": words, "message": words, "errors": [{"index": 0, "message": words}]})
        told = Told(getattr(world, "status", 401), (), worded.encode())
        outcomes = [*self.outcomes(batch, world), *self.outcomes(batch, told)]
        shown = f"{self.provider()!r} {outcomes!r}"
        for secret in self.secrets:
            assert secret not in shown
            carried = within(batch, self.provider().capabilities)
            assert all(secret.encode() not in body for body in self.provider().encode(carried).bodies)
