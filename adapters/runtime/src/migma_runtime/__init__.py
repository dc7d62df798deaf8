"""The composition root: settings, adapters by entry point, and the sending service."""

from .acceptance import MissingVariables, SendRefused
from .campaigns import Explanation
from .discovery import AdapterMissing
from .migma import Migma
from .people import UnknownToken, Unsubscribed
from .sending import Preview, SendAnswer
from .settings import FaultySettings, Settings
from .words import SendWords

__all__ = [
    "AdapterMissing",
    "Explanation",
    "FaultySettings",
    "Migma",
    "MissingVariables",
    "Preview",
    "SendAnswer",
    "SendRefused",
    "SendWords",
    "Settings",
    "UnknownToken",
    "Unsubscribed",
]
