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

from collections.abc import Callable
from datetime import timedelta
from typing import ClassVar

from ..audience.address import Address
from ..message.certificate import certify
from ..message.message import Batch
from .encoding_laws import EncodingLaws
from .hand_over_laws import HandOverLaws
from .law import law
from .mail import NOW, batches, copied_batches, plain_batch, within

__all__ = ["ProviderLaws"]


class ProviderLaws(EncodingLaws, HandOverLaws):
    """Every law of a provider: of its octets, of handing them over, and of what it declares."""

    cannot_carry: ClassVar[tuple[type[Exception], ...]] = (ValueError,)
    envelope_apart: ClassVar[bool] = False
    """Set where the octets are the mail alone, and an envelope beside them says whom it goes to, as in SMTP."""

    def encode(self, batch: Batch) -> bytes:
        """The bodies that leave, with a NUL between two."""
        return b"\0".join(self.provider().encode(batch).bodies)

    def carried(self, batch: Batch) -> Batch:
        """As much of a batch as the provider declares that it carries."""
        return within(batch, self.provider().capabilities)

    @law("design D9", "an attachment, a name or a reply-to dropped in silence", batch=batches(most=1, whole=True))
    def test_nothing_of_the_message_is_lost(self, batch: Batch) -> None:
        """Names, reply-to, files and images, labels, metadata and our delivery's id arrive as they were given."""
        batch, marks = self.carried(batch), self.provider().capabilities.marks
        request = batch.compiled.request
        for delivered, message in zip(self.delivered(batch), batch.messages, strict=True):
            assert delivered.sender == (request.sender_name, str(request.sender))
            assert delivered.reply_to == (str(request.reply_to) if request.reply_to else None)
            assert delivered.delivery == (message.delivery if marks else None)
            assert sorted(delivered.labels) == sorted(request.labels)
            assert dict(delivered.metadata) == dict(request.metadata)
            assert sorted(delivered.files, key=repr) == sorted(request.content.attachments, key=repr)

    @law("design D9", "the 1,001st recipient of a thousand")
    def test_what_is_declared_is_what_is_carried(self) -> None:
        """As many as it says and no more; files and international addresses as it says, or refused before sending."""
        can = self.provider().capabilities
        local = Address("jürgen", "example.com")
        several = can.attachments_in_batches and can.most_messages > 1
        later = NOW + timedelta(hours=1)
        claims: tuple[tuple[bool, Callable[[], Batch]], ...] = (
            (True, lambda: plain_batch(can.most_messages)),
            (False, lambda: plain_batch(can.most_messages + 1)),
            (can.attachments, lambda: plain_batch(1, file=True)),
            (can.attachments and several, lambda: plain_batch(2, file=True)),
            (can.international_local_parts, lambda: plain_batch(1, address=local)),
            (can.schedules, lambda: plain_batch(1, deliver_at=later)),
            (can.schedules and can.schedules_batches, lambda: plain_batch(2, deliver_at=later)),
        )
        for declared, batch in claims:
            assert self._carries(batch()) is declared
        assert can.delegates_compliance is self.delegated

    @law("design D9", "somebody copied blind, for all to see, or with no copy at all", batch=copied_batches())
    def test_copies_go_to_everybody_approved_and_to_nobody_else(self, batch: Batch) -> None:
        """Those approved are in the envelope once each, open copies for all to see, blind ones nowhere to be read."""
        if not self.provider().capabilities.copies:
            assert not self._carries(batch)
            return
        (delivered,), (message,) = self.delivered(batch), batch.messages
        assert certify(delivered, message) == ()
        blind = () if self.envelope_apart else message.bcc
        assert delivered.recipients == tuple(map(str, (message.approval.address, *message.cc, *blind)))

    @law("design D9, D16", "a header of the caller's own, gone without a word", batch=batches(most=1, whole=True))
    def test_what_is_not_declared_is_refused(self, batch: Batch) -> None:
        """Headers, a text, labels or metadata that a provider does not declare are never dropped in silence."""
        if self.carried(batch) is not batch:
            assert not self._carries(batch)

    def _carries(self, batch: Batch) -> bool:
        try:
            self.provider().encode(batch)
        except ValueError:
            return False
        return True
