"""The page for a provider that adds the opt-out itself (design D16): complete as its author meant it, and no more."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given

from migma_core import Batch, Purpose, compile_content
from migma_core.message.certificate import Delivered, certify_delegated
from migma_core.message.compile import delegated_page
from migma_core.message.compliance import OURS, UNSUBSCRIBE_URL
from migma_core.testing.mail import batches
from tests.support.batches import BRAND, batch_for, compiled_for, request_for


@given(batches(purpose=Purpose.MARKETING))
def test_it_is_the_complete_page_without_what_we_add(batch: Batch) -> None:
    """No place of ours is in it that its author did not put there; what we add stands between its parts."""
    compiled = compile_content(batch.compiled.request, replace(batch.compiled.brand, advertisement=""))
    page, whole = delegated_page(compiled), compiled.html
    assert page is not None
    assert whole is not None
    assert not page.names & OURS
    before, after = page.render({}).rsplit("</body>", 1)
    assert whole.render({}).startswith(before)
    assert whole.render({}).endswith(f"</body>{after}")
    assert UNSUBSCRIBE_URL in whole.names


def test_an_advertisement_is_named_in_marketing_alone() -> None:
    """Before the end of the body, as in every other mail (N-04)."""
    brand = replace(BRAND, advertisement="(AD)")
    marketing = delegated_page(compile_content(request_for(), brand))
    other = delegated_page(compile_content(request_for(transactional=True), brand))
    assert marketing is not None
    assert other is not None
    assert "(AD)</p></body>" in marketing.render({})
    assert "(AD)" not in other.render({})


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"headers": (("List-Unsubscribe", "<https://x>"),)}, "it carries List-Unsubscribe"),
        ({"html": "LINK"}, "our opt-out link stands beside"),
        ({"recipients": ("other@example.com",)}, "does not go to the approved addresses alone"),
        ({"subject": "Other"}, "the subject is not what was meant"),
    ],
)
def test_the_certificate_finds_what_is_doubled(changed: dict[str, object], says: str) -> None:
    """A header or a link of ours beside the provider's own is named; so is what is wrong with any mail."""
    (message,) = batch_for(compiled_for()).messages
    sound = Delivered((str(message.approval.address),), (), message.subject, None, "<p>Hello</p>")
    assert certify_delegated(sound, message) == ()
    fields = {name: message.unsubscribe_url if value == "LINK" else value for name, value in changed.items()}
    (said,) = certify_delegated(sound._replace(**fields), message)  # type: ignore[arg-type]  # fields by name
    assert says in said
