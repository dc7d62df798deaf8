"""The application: every page we have, as one ASGI application."""

from __future__ import annotations

from fastapi import FastAPI
from migma_runtime import Migma

from .preferences import preferring
from .subscribe_again import confirming, subscribing_again
from .unsubscribe import unsubscribing

__all__ = ["application"]


def application(migma: Migma) -> FastAPI:
    """
    All pages of an installation. It publishes no description of itself, and redirects nowhere.

    ``yours.mount("/mail", application(migma))`` puts it into a service of your own; the brand's ``base_url`` then ends
    in ``/mail``. Raises `ValueError` for a language in the settings that there are no pages in.
    """
    made = FastAPI(title="Migma", openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    for router in (unsubscribing(migma), preferring(migma), subscribing_again(migma), confirming(migma)):
        made.include_router(router)
    return made
