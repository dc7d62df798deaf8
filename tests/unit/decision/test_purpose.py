"""Purpose: R1 to R8, one case each."""

from __future__ import annotations

import pytest

from migma_core import (
    Address,
    Campaign,
    Classified,
    Content,
    OneAddress,
    ProjectId,
    Purpose,
    Recipients,
    SegmentId,
    SegmentMembers,
    SendRequest,
    TagHolders,
    classify,
)

ONE = OneAddress(Address("ada", "example.org"))
TAG = TagHolders("beta")
SEGMENT = SegmentMembers(SegmentId("s" * 32))


def request(recipients: Recipients, transactional: bool | None) -> SendRequest:
    """A request that differs in what decides its purpose only."""
    return SendRequest(
        project=ProjectId("p" * 32),
        sender=Address("news", "example.com"),
        sender_name="Acme",
        recipients=recipients,
        content=Content("Hello", "<p>Hello</p>"),
        transactional=transactional,
    )


@pytest.mark.parametrize(
    ("recipients", "flag", "purpose", "rule"),
    [
        (ONE, None, Purpose.TRANSACTIONAL, "R1"),
        (TAG, None, Purpose.MARKETING, "R2"),
        (SEGMENT, None, Purpose.MARKETING, "R2"),  # R3: audience and segment are one kind
        (TAG, True, Purpose.TRANSACTIONAL, "R4"),
        (SEGMENT, True, Purpose.TRANSACTIONAL, "R4"),
        (ONE, False, Purpose.MARKETING, "R5"),
        (ONE, True, Purpose.TRANSACTIONAL, "R1"),  # R6: saying the usual changes nothing
        (TAG, False, Purpose.MARKETING, "R2"),
        (SEGMENT, False, Purpose.MARKETING, "R2"),
    ],
)
def test_shape_and_flag_decide_the_purpose(
    recipients: Recipients, flag: bool | None, purpose: Purpose, rule: str
) -> None:
    """An explicit flag wins over the shape of the recipients, and a flag that says the usual changes nothing."""
    classified = classify(request(recipients, flag))
    assert (classified.purpose, classified.rule) == (purpose, rule)


def test_a_batch_made_transactional_is_loud() -> None:
    """R4 never blocks, and always carries a warning that names the risk; nothing else warns (R7, B-03)."""
    warnings = {
        (recipients.kind, flag): classify(request(recipients, flag)).warning
        for recipients in (ONE, TAG, SEGMENT)
        for flag in (None, True, False)
    }
    loud = {key for key, warning in warnings.items() if warning is not None}
    assert loud == {("tag", True), ("audience", True)}
    assert "CAN-SPAM" in str(warnings["tag", True])


def test_a_list_of_one_is_still_a_list() -> None:
    """The purpose never depends on how many people a tag or segment holds: nothing about them is asked (B-02)."""
    assert classify(request(SEGMENT, None)) == Classified(Purpose.MARKETING, "R2")


@pytest.mark.parametrize("flag", [0, 1, "", "false", "true", object()])
def test_only_true_itself_passes_over_opt_outs(flag: object) -> None:
    """A caller without a type checker who says 1 or "yes" does not mail an audience as transactional."""
    odd: bool = flag  # type: ignore[assignment]  # what untyped callers do
    assert classify(request(TAG, odd)).purpose is Purpose.MARKETING
    assert classify(request(ONE, odd)).purpose is Purpose.MARKETING


def test_a_campaign_is_always_marketing() -> None:
    """What can be a campaign is classified as marketing (R8)."""
    assert classify(Campaign("May", request(TAG, None)).request).purpose is Purpose.MARKETING


def test_a_purpose_has_a_word() -> None:
    """The words are those of the product; the numbers are digits of the cell."""
    assert [(one.word, int(one)) for one in Purpose] == [("marketing", 0), ("transactional", 1)]
