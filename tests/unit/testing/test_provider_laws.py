"""The contract of providers holds for a good one, and each of its laws catches the defect it is named for."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from migma_core import Accepted, Attempt, Batch, NotSent, Outcome, Parcel, Rejected, Scope, Unknown
from migma_core.message.certificate import Delivered, read_mime
from migma_core.message.mime import mime_messages
from migma_core.ports import Capabilities, Provider
from migma_core.testing import ProviderLaws
from migma_core.testing.worlds import NoWord, World
from tests.support.examples import few

SECRET = "a-secret-of-ours"


class Good:
    """Writes mails, and prints nothing of its own."""

    capabilities = Capabilities("good", 5, international_local_parts=True, copies=True)

    def encode(self, batch: Batch, /) -> Parcel:
        """Five at most."""
        if len(batch.messages) > 5 or batch.compiled.request.deliver_at is not None:
            raise ValueError("five at most, and at once")
        return Parcel(mime_messages(batch))

    def hand_over(self, batch: Batch, parcel: Parcel, attempt: Attempt, /) -> tuple[Outcome, ...]:
        """Never asked by the laws, which bring a world."""
        raise AssertionError("the laws bring a world of their own")


def outcome_in(world: World) -> Outcome:
    """By the plainest reading of the design."""
    if isinstance(world, NoWord):
        return Unknown("no word") if world.maybe else NotSent("not there")
    if 200 <= world.status < 300:
        return Accepted("1")
    if 400 <= world.status < 500:
        return Rejected(Scope.REQUEST, "no")
    return Unknown("who knows")


class TestGood(ProviderLaws):
    """A provider as it should be."""

    secrets = (SECRET,)
    examples = few(25)
    envelope_apart = True

    def provider(self) -> Provider:
        """The good one."""
        return Good()

    def hand_over(self, batch: Batch, world: World) -> Sequence[Outcome]:
        """All alike."""
        return (outcome_in(world),) * len(batch.messages)

    def read(self, octets: bytes, batch: Batch) -> Sequence[Delivered]:
        """As any mailbox does."""
        return [read_mime(one) for one in octets.split(b"\0")]


class ForgetsOne(TestGood):
    """Answers once for a batch, whatever its size."""

    def hand_over(self, batch: Batch, world: World) -> Sequence[Outcome]:
        """One."""
        return (outcome_in(world),)


class TriesAgain(TestGood):
    """Takes a server's error for a promise that nothing was done."""

    def hand_over(self, batch: Batch, world: World) -> Sequence[Outcome]:
        """Not sent, where nobody knows."""
        found = outcome_in(world)
        return (NotSent("HTTP 500") if isinstance(found, Unknown) else found,) * len(batch.messages)


class WantsAnId(TestGood):
    """Believes an acceptance only where it can read the id."""

    def hand_over(self, batch: Batch, world: World) -> Sequence[Outcome]:
        """Unknown without a body."""
        found = outcome_in(world)
        unread = isinstance(found, Accepted) and b'"id"' not in getattr(world, "body", b"")
        return (Unknown("no id") if unread else found,) * len(batch.messages)


class GivesUp(TestGood):
    """Rejects people since a server was away."""

    def hand_over(self, batch: Batch, world: World) -> Sequence[Outcome]:
        """For good."""
        found = outcome_in(world)
        gone = isinstance(found, NotSent)
        return (Rejected(Scope.RECIPIENT, "not there") if gone else found,) * len(batch.messages)


class RepeatsWhatItHears(TestGood):
    """Writes a provider's own words into the log as they are."""

    def hand_over(self, batch: Batch, world: World) -> Sequence[Outcome]:
        """The body as the reason."""
        found = outcome_in(world)
        heard = getattr(world, "body", b"").decode(errors="replace")
        return (Rejected(Scope.REQUEST, heard) if isinstance(found, Rejected) else found,) * len(batch.messages)


class LosesFiles(TestGood):
    """Has no place for attachments, and says nothing."""

    def read(self, octets: bytes, batch: Batch) -> Sequence[Delivered]:
        """Without them."""
        return [one._replace(files=()) for one in super().read(octets, batch)]


class Boasts(TestGood):
    """Declares more than it carries."""

    def provider(self) -> Provider:
        """A thousand, it says."""
        boasting = Good()
        boasting.capabilities = Capabilities("good", 1000)
        return boasting


class DropsInSilence(TestGood):
    """Has no place for a caller's headers, says so, and takes them all the same."""

    def provider(self) -> Provider:
        """Declared, and not refused."""
        quiet = Good()
        quiet.capabilities = Capabilities("good", 5, international_local_parts=True, own_headers=False)
        return quiet


class ShowsBlindCopies(TestGood):
    """Puts everybody who is copied where all can see them."""

    def read(self, octets: bytes, batch: Batch) -> Sequence[Delivered]:
        """Blind or not."""
        (message,) = batch.messages
        blind = tuple(map(str, message.bcc))
        return [one._replace(cc=one.cc + blind) for one in super().read(octets, batch)]


DEFECTS = {
    "test_copies_go_to_everybody_approved_and_to_nobody_else": ShowsBlindCopies,
    "test_every_world_has_one_outcome_per_message": ForgetsOne,
    "test_what_may_have_left_is_never_said_not_to_have": TriesAgain,
    "test_success_is_final": WantsAnId,
    "test_what_never_left_may_be_tried_again": GivesUp,
    "test_credentials_are_seen_nowhere": RepeatsWhatItHears,
    "test_nothing_of_the_message_is_lost": LosesFiles,
    "test_what_is_declared_is_what_is_carried": Boasts,
    "test_what_is_not_declared_is_refused": DropsInSilence,
}


@pytest.mark.parametrize("name", sorted(DEFECTS))
def test_each_law_catches_the_defect_it_is_named_for(name: str) -> None:
    """Run alone it fails for its own defect."""
    (one,) = (law for law in ProviderLaws.laws if law.name == name)
    book = DEFECTS[name]()

    @settings(max_examples=200, derandomize=True, database=None, deadline=None, phases=[Phase.generate])
    @given(st.fixed_dictionaries(dict(one.drawn)))
    def run(drawn: dict[str, object]) -> None:
        one.claim(book, **drawn)

    with pytest.raises(AssertionError):
        run()


def test_every_law_has_its_defect_and_names_its_rule() -> None:
    """The book holds these laws and those of encodings, each with a rule, a claim and what it would have caught."""
    encodings = {one.name for one in ProviderLaws.laws if one.name not in DEFECTS}
    assert "test_every_mail_is_certified" in encodings
    assert len(ProviderLaws.laws) == len(DEFECTS) + 7
    assert all(one.rule and one.would_have_caught and one.claim.__doc__ for one in ProviderLaws.laws)


def test_hooks_say_what_they_are_for() -> None:
    """A subclass without a provider is told what to give."""
    with pytest.raises(NotImplementedError, match="give the laws a provider"):
        ProviderLaws().provider()
