"""Stats as people read them: counts, and rates where there is something to divide by."""

from __future__ import annotations

from migma_core.delivery import SendStats

__all__ = ["stats_rows"]


def stats_rows(told: SendStats) -> list[tuple[str, str, str]]:
    """
    What became of a send: name, count and rate of each number; what nobody has told stays open.

    >>> from datetime import UTC, datetime
    >>> told = SendStats(sent=2000, accepted=1990, as_of=datetime(2026, 5, 1, tzinfo=UTC), delivered=1980, bounced=10,
    ...     complained=0, opened=990, opens=1500)
    >>> stats_rows(told)[2:5]
    [('delivered', '1,980', '99.0 %'), ('bounced', '10', '0.5 %'), ('complained', '0', '0.0 %')]
    """
    return [
        ("sent", f"{told.sent:,}", ""),
        ("accepted", f"{told.accepted:,}", ""),
        ("delivered", _count(told.delivered), _rate(told.delivery_rate)),
        ("bounced", _count(told.bounced), _rate(told.bounce_rate)),
        ("complained", _count(told.complained), _rate(told.complaint_rate)),
        ("opened", f"{told.opened:,} (in all {told.opens:,})", _rate(told.open_rate)),
        ("clicked", f"{told.clicked:,} (in all {told.clicks:,})", _rate(told.click_rate)),
        ("unsubscribed", f"{told.unsubscribed:,}", ""),
    ]


def _count(number: int | None) -> str:
    return "not told" if number is None else f"{number:,}"


def _rate(percent: float | None) -> str:
    return "" if percent is None else f"{percent:.1f} %"
