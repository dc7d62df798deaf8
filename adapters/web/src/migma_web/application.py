"""The application: every page we have, as one ASGI application."""

from __future__ import annotations

from fastapi import FastAPI
from migma_runtime import Migma

from .unsubscribe import unsubscribing

__all__ = ["application"]


def application(migma: Migma) -> FastAPI:
    """
    All pages of an installation. It publishes no description of itself, and redirects nowhere.

    ``yours.mount("/mail", application(migma))`` puts it into a service of your own; the brand's ``base_url`` then ends
    in ``/mail``.
    """
    made = FastAPI(title="Migma", openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    made.include_router(unsubscribing(migma))
    return made
