"""The pages behind the links of our mail: an ASGI application to serve alone, or to mount into your own."""

from __future__ import annotations

from .application import application

__all__ = ["application"]
