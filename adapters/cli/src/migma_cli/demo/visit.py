"""The demo's last scene: a page open at a link from a mail just sent; acting on it changes the next preview."""

from __future__ import annotations

import email
import email.policy
import time
import webbrowser
from collections.abc import Callable
from pathlib import Path

from migma_runtime import Migma

from migma_core.ports import SendRecord

__all__ = ["link_of", "watch"]

_LOOK_EVERY = 0.5


def link_of(mail: Path) -> str:
    """The one-click link in the header of a mail."""
    found = email.message_from_bytes(mail.read_bytes(), policy=email.policy.default)
    return str(found["List-Unsubscribe"]).strip("<>")


def watch(migma: Migma, campaign: SendRecord, link: str, say: Callable[[str], None]) -> None:
    """Open the link, and tell the next preview again whenever somebody's choice changes it, until interrupted."""
    shown = _mailable(migma, campaign)
    say(f"Open {link}")
    say(f"The next campaign, {campaign.name}, would reach {shown:,} people.")
    say("Act on the page and watch that number; stop with Ctrl-C.")
    webbrowser.open(link)
    try:
        while True:
            time.sleep(_LOOK_EVERY)
            if (now := _mailable(migma, campaign)) != shown:
                say(f"{campaign.name} would reach {now:,} people now: {now - shown:+,}.")
                shown = now
    except KeyboardInterrupt:
        say("Stopped.")


def _mailable(migma: Migma, campaign: SendRecord) -> int:
    return migma.campaigns.preview(campaign).partition.mailable
