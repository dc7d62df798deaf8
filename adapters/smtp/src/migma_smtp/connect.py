"""Connecting: the provider made of its settings; found by entry point (group ``migma.provider``)."""

from __future__ import annotations

from .provider import AsyncSmtpProvider, SmtpProvider
from .settings import SmtpSettings

__all__ = ["Smtp"]


class Smtp:
    """SMTP as a provider: `connect` for the loop, `connect_async` for an event loop. Neither says anything yet."""

    Settings = SmtpSettings

    @staticmethod
    def connect(settings: SmtpSettings) -> SmtpProvider:
        """A `migma_core.ports.Provider`."""
        return SmtpProvider(settings.server, settings.mailing, settings.limits, settings.begin_seconds)

    @staticmethod
    def connect_async(settings: SmtpSettings) -> AsyncSmtpProvider:
        """The same, awaited; whoever connects it closes it."""
        return AsyncSmtpProvider(Smtp.connect(settings))
