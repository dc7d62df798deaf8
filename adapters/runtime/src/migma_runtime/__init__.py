"""The composition root: settings, adapters by entry point, and the sending service."""

from .acceptance import MissingVariables, SendRefused
from .async_migma import AsyncMigma
from .async_runner import AsyncRunner
from .campaigns import Campaigns, Explanation
from .discovery import AdapterMissing
from .drive import Watch
from .held import HeldVerdict
from .holding import Hold
from .links import Holder, UnknownToken
from .migma import Migma
from .opt_outs import Unsubscribed
from .preferences import Choice, Choices, Confirmation, Saved
from .progress import Progress
from .repeating import KeyConflict, KeyInProgress
from .runner import Ran, Runner
from .scheduling import Appointment
from .sending import BegunSend, Preview, SendAnswer
from .settings import FaultySettings, Settings
from .telling import LOGGER
from .trying import Tried
from .words import SendWords

__all__ = [
    "LOGGER",
    "AdapterMissing",
    "Appointment",
    "AsyncMigma",
    "AsyncRunner",
    "BegunSend",
    "Campaigns",
    "Choice",
    "Choices",
    "Confirmation",
    "Explanation",
    "FaultySettings",
    "HeldVerdict",
    "Hold",
    "Holder",
    "KeyConflict",
    "KeyInProgress",
    "Migma",
    "MissingVariables",
    "Preview",
    "Progress",
    "Ran",
    "Runner",
    "Saved",
    "SendAnswer",
    "SendRefused",
    "SendWords",
    "Settings",
    "Tried",
    "UnknownToken",
    "Unsubscribed",
    "Watch",
]
