"""Migma's own platform: a client of its API in both colours, sending through it, and keeping both sides in step."""

from __future__ import annotations

from .api import BASE_URL, Api
from .call import Call, Done, Page, following
from .client import AsyncClient, Client
from .codec import MigmaCodec
from .connect import MigmaPlatform, PlatformProvider
from .limits import CAPABILITIES, CannotCarry
from .problem import (
    Conflict,
    Forbidden,
    InvalidCall,
    MigmaError,
    NotFound,
    Problem,
    ProblemKind,
    RateLimited,
    ServerFailed,
    Unanswered,
    Unauthorized,
    Unreadable,
)
from .resources import campaigns, contacts, domains, logs, segments, sending, tags, topics, webhooks
from .settings import PlatformSettings
from .sync import PlatformSync

__all__ = [
    "BASE_URL",
    "CAPABILITIES",
    "Api",
    "AsyncClient",
    "Call",
    "CannotCarry",
    "Client",
    "Conflict",
    "Done",
    "Forbidden",
    "InvalidCall",
    "MigmaCodec",
    "MigmaError",
    "MigmaPlatform",
    "NotFound",
    "Page",
    "PlatformProvider",
    "PlatformSettings",
    "PlatformSync",
    "Problem",
    "ProblemKind",
    "RateLimited",
    "ServerFailed",
    "Unanswered",
    "Unauthorized",
    "Unreadable",
    "campaigns",
    "contacts",
    "domains",
    "following",
    "logs",
    "segments",
    "sending",
    "tags",
    "topics",
    "webhooks",
]
