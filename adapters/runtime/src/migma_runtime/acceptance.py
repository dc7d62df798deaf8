"""Acceptance: everything that can be wrong with a request is found before anything is written."""

from __future__ import annotations

import secrets

from migma_core.audience.contact import BUILT_IN_VALUES
from migma_core.decision import Authorized, Fault, Policy, Purpose, Refused, Sender, authorize, explain
from migma_core.delivery import SendId
from migma_core.message import Compiled, compile_content, missing_names
from migma_core.message.compile import delegated_page
from migma_core.message.compliance import UNSUBSCRIBE_URL
from migma_core.ports import Capabilities
from migma_core.request import Brand, SendRequest

__all__ = ["MissingVariables", "SendRefused", "accept", "check_content", "new_send"]


class SendRefused(ValueError):
    """The request may not go out; ``faults`` holds every one of them. Nothing was written."""

    def __init__(self, refused: Refused) -> None:
        super().__init__(explain(refused))
        self.faults: tuple[Fault, ...] = refused.faults


class MissingVariables(ValueError):
    """The template asks for values that nobody can give; ``names`` lists them. Nothing was written."""

    def __init__(self, names: tuple[str, ...]) -> None:
        first = names[0]
        super().__init__(
            f"the template asks for {', '.join(names)}, which is neither a variable of this send nor known of any "
            f"contact; give a variable, or a fallback such as {{{{{first}|friend}}}}"
        )
        self.names = names


def new_send() -> SendId:
    """An id that no other send has: 16 random hex digits, few since it stands in every row of an audience."""
    return SendId(secrets.token_hex(8))


def accept(request: SendRequest, sender: Sender, policy: Policy) -> Authorized:
    """Authorize, or raise `SendRefused` with all faults together."""
    answer = authorize(request, sender, policy)
    if isinstance(answer, Refused):
        raise SendRefused(answer)
    return answer


def check_content(
    request: SendRequest, brand: Brand, known_fields: frozenset[str], capabilities: Capabilities
) -> Compiled:
    """
    Compile the content and make sure that every placeholder can be filled and the provider can carry it all.

    Raises `InvalidTemplate`, `MissingVariables`, or `ValueError` for what the provider cannot carry (design D9), such
    as a second opt-out beside its own.
    """
    compiled = compile_content(request, brand)
    if names := missing_names(compiled, BUILT_IN_VALUES | known_fields):
        raise MissingVariables(names)
    if request.content.attachments and not capabilities.attachments:
        raise ValueError(f"the provider {capabilities.name} carries no attachments; send a link instead")
    page = delegated_page(compiled) if capabilities.delegates_compliance else None
    if page is not None and compiled.purpose is Purpose.MARKETING and UNSUBSCRIBE_URL in page.names:
        raise ValueError(
            f"the template places {{{{{UNSUBSCRIBE_URL}}}}}, and the provider {capabilities.name} adds an opt-out of "
            "its own to marketing; take it out"
        )
    return compiled
