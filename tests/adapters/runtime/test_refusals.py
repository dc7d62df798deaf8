"""Bad input gets a clear answer and changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from migma_runtime import Migma, MissingVariables, SendRefused

from migma_core import CampaignConflict, InvalidAddress, InvalidTemplate, Project

Import = Callable[[str], None]
Mails = Callable[[], list[bytes]]

PEOPLE = "email,first_name,tags\nada@example.com,Ada,news\n"


def _request(project: Project, **changes: Any) -> dict[str, Any]:
    return {
        "recipient_type": "tag",
        "recipient_id": "news",
        "from_": "hello@mail.example.com",
        "from_name": "Acme",
        "subject": "News",
        "template": "<p>Hello</p>",
        "project_id": project.id,
    } | changes


@pytest.mark.parametrize(
    ("changes", "error", "says"),
    [
        ({"from_": "hello@elsewhere.example.com"}, SendRefused, "elsewhere.example.com is not verified"),
        ({"from_": "hello@sub.mail.example.com"}, SendRefused, "not verified"),
        ({"topic_id": "Nowhere"}, SendRefused, "topic Nowhere is unknown"),
        ({"recipient_id": "nobody"}, SendRefused, "no tag 'nobody'"),
        ({"recipient_type": "segment", "recipient_id": "nobody"}, SendRefused, "no segment 'nobody'"),
        ({"provider_type": "resend"}, SendRefused, "resend is not connected"),
        ({"provider_type": "pigeon"}, ValueError, "use one of: migma, ses"),
        ({"subject": "News\nBcc: everyone@example.com"}, ValueError, "U\\+000A"),
        ({"from_name": "Acme\r\nBcc: x@example.com"}, ValueError, "U\\+000D"),
        ({"subject": "  "}, ValueError, "needs a subject"),
        ({"template": " "}, ValueError, "needs a body"),
        ({"template": "<p>{{first name}}</p>"}, InvalidTemplate, "no placeholder"),
        ({"template": "<p>{{discount}}</p>"}, MissingVariables, "asks for discount"),
        ({"recipient_email": "ada@example.com"}, ValueError, "given: both"),
        ({"recipient_id": None}, ValueError, "given: neither"),
        ({"recipient_type": "list"}, ValueError, "use one of: email, audience, segment, tag"),
        ({"from_": "no address"}, InvalidAddress, "there is no @"),
        ({"project_id": "nowhere"}, LookupError, "nowhere"),
    ],
)
def test_a_bad_request_is_refused_and_changes_nothing(
    migma: Migma,
    project: Project,
    imported: Import,
    mails: Mails,
    changes: dict[str, Any],
    error: type[Exception],
    says: str,
) -> None:
    """Whatever is wrong with a request is said in words, and nothing is planned, sent or written."""
    imported(PEOPLE)

    with pytest.raises(error, match=says):
        migma.sending.send(**_request(project, **changes))

    assert mails() == []
    assert list(migma.store.sends.list(project.id)) == []


def test_every_fault_is_told_together(migma: Migma, project: Project, imported: Import) -> None:
    """An unverified domain, an unknown topic and an unknown tag are one refusal with three faults (D3)."""
    imported(PEOPLE)

    with pytest.raises(SendRefused) as refused:
        migma.sending.send(**_request(project, from_="a@elsewhere.example.com", topic_id="x", recipient_id="y"))

    assert [fault.kind for fault in refused.value.faults] == ["domain_unverified", "audience_unknown", "topic_unusable"]


def test_an_empty_segment_fails_and_says_so(migma: Migma, project: Project, imported: Import, mails: Mails) -> None:
    """A send to a segment without anybody in it ends as failed with a reason, never as a silent success (R58)."""
    imported(PEOPLE)
    from migma_core import Tagged

    migma.store.segments.create(project.id, "Nobody", Tagged(("no such tag",)), migma.parts.clock.now())

    answer = migma.sending.send(**_request(project, recipient_type="segment", recipient_id="Nobody"))

    assert answer.status == "failed"
    assert answer.why
    assert mails() == []


def test_a_value_that_would_break_the_subject_rejects_its_row_alone(
    migma: Migma, project: Project, imported: Import, mails: Mails
) -> None:
    """A custom field with a line break, placed in the subject, costs that recipient the mail and nobody else (G-01)."""
    imported('email,code,tags\na@example.com,fine,news\nb@example.com,"two\nlines",news\n')

    answer = migma.sending.send(**_request(project, subject="Your code {{code}}"))

    assert answer.sent_count == 1
    assert {str(state): number for state, number in answer.states.items()} == {"accepted": 1, "rejected": 1}
    assert len(mails()) == 1


def test_a_sent_campaign_cannot_be_sent_again(migma: Migma, project: Project, imported: Import, mails: Mails) -> None:
    """Sending a campaign that was sent is a conflict, and nobody gets a second mail (R55)."""
    imported(PEOPLE)
    campaign = migma.campaigns.create(name="Once", **_request(project))
    migma.campaigns.send(campaign)

    with pytest.raises(CampaignConflict, match="sent cannot send"):
        migma.campaigns.send(campaign)

    assert len(mails()) == 1


def test_a_domain_suspended_meanwhile_stops_the_campaign(
    migma: Migma, project: Project, imported: Import, mails: Mails
) -> None:
    """A domain suspended between acceptance and claim pauses the send with the reason; no mail leaves (R46, D3)."""
    imported(PEOPLE)
    queued = migma.sending.send(**_request(project), queue_only=True)
    migma.store.domains.suspend(project.account, "mail.example.com")

    answer = migma.sending.deliver(queued.id)

    assert answer.status == "paused"
    assert "suspended" in (answer.why or "")
    assert mails() == []
