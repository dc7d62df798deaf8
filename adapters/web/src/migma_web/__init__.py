"""The pages behind the links of our mail: an ASGI application to serve alone, or to mount into your own."""

from __future__ import annotations

from .application import application
from .preferences import preferring
from .serving import serve, served
from .subscribe_again import confirming, subscribing_again
from .unsubscribe import unsubscribing

__all__ = ["application", "confirming", "preferring", "serve", "served", "subscribing_again", "unsubscribing"]
