"""The pace is what the provider says of its account, unless a rate of one's own is set."""

from __future__ import annotations

from dataclasses import replace

import pytest
from migma_outbox import Outbox
from migma_runtime import Migma
from migma_runtime.jobs import ports_of
from migma_runtime.pacing import rate_of

from migma_core import Project
from migma_core.delivery.pace import UNLIMITED, Rate
from migma_core.ports import Quota


class Metered(Outbox):
    """An outbox whose account has a quota, or one that nobody can tell."""

    __slots__ = ("told",)

    told: Quota | str

    def quota(self) -> Quota | str:
        """As it was told."""
        return self.told


def metered(told: Quota | str) -> Metered:
    """A provider that says so."""
    made = Metered("nowhere")
    made.told = told
    return made


def at_once(migma: Migma, project: Project, provider: Outbox) -> int:
    """How many messages of a hundred the pace lets through at this moment."""
    request = migma.sending.request(
        recipient_type="email",
        recipient_email="ada@example.com",
        from_="shop@mail.example.com",
        from_name="Acme",
        subject="Receipt",
        template="<p>Thank you</p>",
        project_id=project.id,
    )
    return ports_of(migma.parts, request, provider).pacing.take(100).messages


def test_the_accounts_rate_is_the_pace(migma: Migma, project: Project) -> None:
    """14 a second: no more than a second's worth goes at once (esp-apis, SES)."""
    assert at_once(migma, project, metered(Quota(per_second=14.0, per_day=50_000, sent=0))) == 14


@pytest.mark.parametrize("provider", [Outbox("nowhere"), metered("the key may not read the account")])
def test_where_nobody_can_tell_the_provider_answers_for_itself(provider: Outbox) -> None:
    """No limit of ours is made up."""
    assert rate_of(provider) == UNLIMITED


def test_a_rate_of_ones_own_wins(migma: Migma, project: Project) -> None:
    """Who sets a pace means it, whatever the account may."""
    settings = migma.parts.settings.model_copy(update={"pace": {"outbox": Rate(3.0, 3)}})
    own = Migma(replace(migma.parts, settings=settings))
    assert at_once(own, project, metered(Quota(per_second=14.0, per_day=None, sent=0))) == 3
