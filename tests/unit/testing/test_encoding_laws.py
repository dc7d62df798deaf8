"""The law book of encodings holds for MIME, and each of its laws catches the defect it is named for."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from migma_core import Batch
from migma_core.message.certificate import Delivered, certify_mime
from migma_core.message.mime import mime_messages
from migma_core.testing import EncodingLaws
from migma_core.testing.mail import batches
from tests.support.examples import few


class TestMime(EncodingLaws):
    """Our own encoder of RFC 5322 octets."""

    examples = few(25)


@given(batches())
def test_mime_is_certified_as_octets_too(batch: Batch) -> None:
    """Line ends, lengths and headers that stand once are right for every hostile batch (G-03, G-04, G-07)."""
    for octets, message in zip(mime_messages(batch), batch.messages, strict=True):
        assert certify_mime(octets, message) == ()


class FoldsItsHeaders(EncodingLaws):
    """Loses the one-click header to a helpful library."""

    def encode(self, batch: Batch) -> bytes:
        """As some libraries write it."""
        return super().encode(batch).replace(b"List-Unsubscribe: <", b"List-Unsubscribe: =?utf-8?q?=3C?= <")


class EscapesTwice(EncodingLaws):
    """Takes a value for markup once more than it should."""

    def read(self, octets: bytes, batch: Batch) -> Sequence[Delivered]:
        """Each ampersand of the page once more."""
        found = super().read(octets, batch)
        return [one._replace(html=one.html and one.html.replace("&#x27;", "&amp;#x27;")) for one in found]


class LosesTheSecond(EncodingLaws):
    """Sends to the first person twice, and not to the second."""

    def read(self, octets: bytes, batch: Batch) -> Sequence[Delivered]:
        """The first in the place of the second."""
        found = list(super().read(octets, batch))
        return [found[0] if place == 1 else one for place, one in enumerate(found)]


class DropsTheCallersHeaders(EncodingLaws):
    """Forgets headers of which a provider has too many."""

    def read(self, octets: bytes, batch: Batch) -> Sequence[Delivered]:
        """Those of the caller are gone."""
        custom = set(batch.compiled.request.headers)
        return [
            one._replace(headers=tuple(pair for pair in one.headers if pair[0] not in custom))
            for one in super().read(octets, batch)
        ]


class SharesOneLink(EncodingLaws):
    """Gives everybody the first person's link, in header and bodies."""

    def read(self, octets: bytes, batch: Batch) -> Sequence[Delivered]:
        """The header of the first stands in every mail."""
        found = super().read(octets, batch)
        links = [pair for pair in found[0].headers if pair[0] == "List-Unsubscribe"]
        return [
            one._replace(headers=(*(pair for pair in one.headers if pair[0] != "List-Unsubscribe"), *links))
            for one in found
        ]


class CountsItsCalls(EncodingLaws):
    """Writes something that is never the same twice."""

    calls = 0

    def encode(self, batch: Batch) -> bytes:
        """With a number in the preamble."""
        CountsItsCalls.calls += 1
        return super().encode(batch).replace(b"MIME-Version: 1.0", b"MIME-Version: 1.0\r\nX-Call: %d" % self.calls)


class MixesPeople(EncodingLaws):
    """Leaves the last value of one person where the next one has none."""

    def read(self, octets: bytes, batch: Batch) -> Sequence[Delivered]:
        """Each later mail knows how many came before it."""
        found = super().read(octets, batch)
        return [one._replace(headers=(*one.headers, ("X-After", str(place)))) for place, one in enumerate(found)]


DEFECTS = {
    "test_every_mail_is_certified": FoldsItsHeaders,
    "test_every_mail_says_what_was_meant": EscapesTwice,
    "test_everyone_in_the_batch_has_one_mail": LosesTheSecond,
    "test_no_value_adds_a_header": DropsTheCallersHeaders,
    "test_a_link_is_the_recipients_own": SharesOneLink,
    "test_the_same_batch_is_encoded_the_same": CountsItsCalls,
    "test_company_changes_nobodys_mail": MixesPeople,
}


def fails(name: str, book: type[EncodingLaws]) -> bool:
    """Whether a law, run alone, fails for this encoder."""
    (one,) = (law for law in book.laws if law.name == name)
    hunt = settings(max_examples=300, derandomize=True, database=None, phases=[Phase.generate])
    claim = one.claim

    @hunt
    @given(st.fixed_dictionaries(dict(one.drawn)))
    def run(drawn: dict[str, object]) -> None:
        claim(book(), **drawn)

    try:
        run()
    except AssertionError:
        return True
    return False


@pytest.mark.parametrize("name", sorted(DEFECTS))
def test_each_law_catches_the_defect_it_is_named_for(name: str) -> None:
    """Run alone it fails for its own defect."""
    assert fails(name, DEFECTS[name])


def test_every_law_has_its_defect_and_names_its_rule() -> None:
    """No law without a defect that it alone is meant for, a rule and a claim."""
    assert {one.name for one in EncodingLaws.laws} == set(DEFECTS)
    assert all(one.rule and one.would_have_caught and one.claim.__doc__ for one in EncodingLaws.laws)
