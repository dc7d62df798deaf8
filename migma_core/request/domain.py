"""Sending domains and provider connections: what the sender may use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ..audience.address import is_a_label_domain

__all__ = ["BUILT_IN_PROVIDER", "MANAGED_SUFFIX", "PROVIDERS", "SendingDomain"]

BUILT_IN_PROVIDER: Final = "migma"
"""The provider that needs no connection (R41, A30); settings bind it to an adapter."""

PROVIDERS: Final = ("migma", "ses", "resend", "sendgrid", "mailgun", "smtp")
"""Values of ``providerType``: the product's five (S12), and a mail server of one's own."""

MANAGED_SUFFIX: Final = ".migma.email"
"""Domains below it are managed: verified at creation, shared reputation (R43, R45)."""


@dataclass(frozen=True, slots=True)
class SendingDomain:
    """
    A domain of the account, its state, and the counts its health is computed from (R38 to R46, R62).

    ``sent``, ``bounced`` and ``complained`` count messages over the domain's lifetime.
    """

    name: str
    is_verified: bool = False
    is_suspended: bool = False
    sent: int = 0
    bounced: int = 0
    complained: int = 0
    open_tracking: bool = True
    click_tracking: bool = True

    def __post_init__(self) -> None:
        if not is_a_label_domain(self.name):
            raise ValueError(f"{self.name!a} is no lower-case domain in A-labels, such as mail.example.com")
        if min(self.sent, self.bounced, self.complained) < 0:
            raise ValueError("counts of messages are not negative")

    @property
    def is_managed(self) -> bool:
        """Whether the product runs it: ``<prefix>.migma.email``."""
        return self.name.endswith(MANAGED_SUFFIX)
