"""
The law book of encodings: what must hold of the octets that leave, whatever provider they are for.

    from migma_core.testing import EncodingLaws

    class TestOurCodec(EncodingLaws):
        def encode(self, batch): return encode(batch)
        def read(self, octets, batch): return [...]  # as a mailbox would receive each

pytest then runs every law against it.
"""

from __future__ import annotations

from collections.abc import Sequence
from email.header import decode_header, make_header
from typing import ClassVar

from hypothesis import assume
from hypothesis import strategies as st

from ..message.certificate import Delivered, certify, certify_delegated, read_mime
from ..message.compile import delegated_page
from ..message.message import Batch
from ..message.mime import mime_messages
from ..message.token import TokenPurpose, verify_token
from .law import LawBook, law
from .mail import KEYS, batches

__all__ = ["EncodingLaws"]


class EncodingLaws(LawBook):
    """
    Every law of an encoding. ``encode`` writes a batch, ``read`` says what each mailbox would receive of it, in the
    batch's order; ``cannot_carry`` is what the encoder raises for a batch that it refuses by name.

    ``delegated`` is set for a provider that adds the opt-out itself (`Capabilities.delegates_compliance`): what leaves
    for it must hold none of ours.

    As it stands it holds our own MIME encoder.
    """

    cannot_carry: ClassVar[tuple[type[Exception], ...]] = ()
    delegated: ClassVar[bool] = False

    def encode(self, batch: Batch) -> bytes:
        """Hook: the octets that leave for a batch."""
        return b"\0".join(mime_messages(batch))

    def read(self, octets: bytes, batch: Batch) -> Sequence[Delivered]:
        """Hook: what each mailbox would receive, read from the octets alone by the provider's own rules."""
        del batch
        return [read_mime(one) for one in octets.split(b"\0")]

    def carried(self, batch: Batch) -> Batch:
        """Hook: as much of a batch as is declared to be carried at all."""
        return batch

    def delivered(self, batch: Batch) -> Sequence[Delivered]:
        """What arrives; a batch that cannot be carried is no example of anything."""
        try:
            octets = self.encode(batch)
        except self.cannot_carry:
            assume(False)
        return self.read(octets, batch)

    @law("R26 to R31, C-10, C-12, N-01", "a one-click header that a library folded away", batch=batches())
    def test_every_mail_is_certified(self, batch: Batch) -> None:
        """What arrives holds what the law and the mailbox providers ask for, and goes to the approved person alone."""
        batch = self.carried(batch)
        for delivered, message in zip(self.delivered(batch), batch.messages, strict=True):
            assert (certify_delegated if self.delegated else certify)(delivered, message) == ()

    @law("design D14", "values escaped twice, or for the wrong place", batch=batches())
    def test_every_mail_says_what_was_meant(self, batch: Batch) -> None:
        """Subject and both bodies are those of plain rendering, but for the form of line ends."""
        batch = self.carried(batch)
        compiled = batch.compiled
        text, html = (None, delegated_page(compiled)) if self.delegated else (compiled.text, compiled.html)
        for delivered, message in zip(self.delivered(batch), batch.messages, strict=True):
            assert delivered.subject == message.subject
            for found, meant in ((delivered.text, text), (delivered.html, html)):
                assert meant is None or _lined(found) == _lined(meant.render(message.values))

    @law("R57", "a recipient lost, or sent to twice, in the middle of a batch", batch=batches())
    def test_everyone_in_the_batch_has_one_mail(self, batch: Batch) -> None:
        """One mail for each message, in order."""
        batch = self.carried(batch)
        to = [one.recipients for one in self.delivered(batch)]
        assert to == [(str(message.approval.address),) for message in batch.messages]

    @law("G-01, G-02", "a name with a line break that became a Bcc", batch=batches())
    def test_no_value_adds_a_header(self, batch: Batch) -> None:
        """All mails of a content have the same headers as often, and the caller's own, whatever their values."""
        batch = self.carried(batch)
        names = [sorted(name.lower() for name, _ in one.headers) for one in self.delivered(batch)]
        assert all(one == names[0] for one in names)
        custom = {name.lower(): value for name, value in batch.compiled.request.headers.items()}
        for one in self.delivered(batch):
            for name, value in custom.items():
                found = one.all(name)
                in_words = [str(make_header(decode_header(each))) for each in found]
                assert [value] in (found, in_words)  # as it is, or in encoded words

    @law("E-01, E-09", "a link that unsubscribed the person before", batch=batches())
    def test_a_link_is_the_recipients_own(self, batch: Batch) -> None:
        """The token in the header decodes to this contact, all marketing, and this delivery."""
        batch = self.carried(batch)
        for delivered, message in zip(self.delivered(batch), batch.messages, strict=True):
            for value in delivered.all("List-Unsubscribe"):
                token = verify_token(value.strip("<>").rpartition("/")[2], TokenPurpose.UNSUBSCRIBE, KEYS)
                assert token is not None
                assert (token.contact, token.delivery) == (message.approval.contact, message.delivery)
                assert token.topic is None

    @law("reliability §4", "a repeated request that the provider took for another", batch=batches())
    def test_the_same_batch_is_encoded_the_same(self, batch: Batch) -> None:
        """Encoded again, and from messages put together again, the octets are equal."""
        batch = self.carried(batch)
        try:
            octets = self.encode(batch)
        except self.cannot_carry:
            assume(False)
        assert self.encode(Batch.of(batch.compiled, batch.messages, batch.moment)) == octets

    @law("design D9", "a value of one recipient in another's mail", batch=batches(most=4), place=st.integers(0, 3))
    def test_company_changes_nobodys_mail(self, batch: Batch, place: int) -> None:
        """A mail reads the same alone as in a batch."""
        batch = self.carried(batch)
        at = place % len(batch.messages)
        alone = Batch.of(batch.compiled, [batch.messages[at]], batch.moment)
        among = self.delivered(batch)[at]
        (single,) = self.delivered(alone)
        assert single == among


def _lined(text: str | None) -> str:
    return (text or "").replace("\r\n", "\n").replace("\r", "\n")
