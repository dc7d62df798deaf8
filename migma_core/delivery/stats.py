"""Stats: what became of a send, in the numbers that senders compare (migma.md §1.12)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

__all__ = ["SendStats"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SendStats:
    """
    Counts of messages and people, ``as_of`` an aware moment.

    ``sent`` is attempted, those skipped not among them; ``accepted`` is what the provider took. ``delivered``,
    ``bounced`` and ``complained`` are messages, as providers report them later: ``delivered`` says that the receiving
    server took it, not in which folder; a message that was put off and then delivered did not bounce. They are ``None``
    where nobody has reported anything. ``opened`` and ``clicked`` are people, ``opens`` and ``clicks`` all their
    events, machines among them. ``unsubscribed`` are people who left by a link of this send, all mail or its topic.

    Rates are percentages, 0 to 100: of ``sent`` for what arrives, bounces and complains, of ``delivered`` for what is
    opened and clicked, by people; ``None`` where there is nothing to divide by.

    >>> from datetime import UTC
    >>> told = SendStats(sent=200, accepted=198, delivered=190, bounced=8, complained=1, opened=95, clicked=19,
    ...     as_of=datetime(2026, 5, 1, tzinfo=UTC))
    >>> told.delivery_rate, told.open_rate, told.click_rate, told.bounce_rate, told.complaint_rate
    (95.0, 50.0, 10.0, 4.0, 0.5)
    """

    sent: int
    accepted: int
    as_of: datetime
    delivered: int | None = None
    bounced: int | None = None
    complained: int | None = None
    opened: int = 0
    opens: int = 0
    clicked: int = 0
    clicks: int = 0
    unsubscribed: int = 0

    @property
    def delivery_rate(self) -> float | None:
        """Delivered, of those sent."""
        return _percent(self.delivered, self.sent)

    @property
    def open_rate(self) -> float | None:
        """People who opened, of messages delivered."""
        return _percent(self.opened, self.delivered)

    @property
    def click_rate(self) -> float | None:
        """People who clicked, of messages delivered."""
        return _percent(self.clicked, self.delivered)

    @property
    def bounce_rate(self) -> float | None:
        """Bounced, of those sent."""
        return _percent(self.bounced, self.sent)

    @property
    def complaint_rate(self) -> float | None:
        """Complained about, of those sent."""
        return _percent(self.complained, self.sent)


def _percent(part: int | None, of: int | None) -> float | None:
    return None if part is None or not of else min(100.0, 100 * part / of)
