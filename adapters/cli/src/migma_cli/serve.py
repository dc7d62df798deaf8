"""``migma serve``: the pages behind the links of our mail."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from .common import USUAL, Mistake, Options

__all__ = ["serve"]


def serve(
    *,
    host: Annotated[str, Parameter(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, Parameter(help="Port to listen on; 0 takes a free one.")] = 8025,
    common: Options = USUAL,
) -> int:
    """Serve the pages behind the links of our mail; put a proxy that speaks https in front of it."""
    try:
        import uvicorn
        from migma_web import application
    except ModuleNotFoundError as missing:
        raise Mistake(f"the pages need {missing.name}, which is not installed: pip install migma-web") from None
    with common.open() as migma:
        uvicorn.run(application(migma), host=host, port=port, log_level="warning", access_log=False)
    return 0
