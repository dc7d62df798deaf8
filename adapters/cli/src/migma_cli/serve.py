"""``migma serve``: the pages behind the links of our mail."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import Annotated

from cyclopts import Parameter

from .common import USUAL, Mistake, Options

__all__ = ["pages", "serve"]


def serve(
    *,
    host: Annotated[str, Parameter(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, Parameter(help="Port to listen on; 0 takes a free one.")] = 8025,
    common: Options = USUAL,
) -> int:
    """Serve the pages behind the links of our mail; put a proxy that speaks https in front of it."""
    web = pages()
    with common.open() as migma:
        web.serve(migma, host, port, lambda address: common.screen.say(f"Serving on {address}; stop with Ctrl-C."))
    return 0


def pages() -> ModuleType:
    """The pages, which are a package of their own. Raises `Mistake` where it is not installed."""
    try:
        return import_module("migma_web")
    except ModuleNotFoundError as missing:
        raise Mistake(f"the pages need {missing.name}, which is not installed: pip install migma-web") from None
