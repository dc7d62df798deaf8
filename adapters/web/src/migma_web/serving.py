"""Serving: the pages by uvicorn, in the foreground or beside something else."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn
from migma_runtime import Migma

from .application import application

__all__ = ["serve", "served"]


def serve(migma: Migma, host: str, port: int, ready: Callable[[str], None]) -> None:
    """
    Serve until interrupted; ``ready`` hears the address once requests are answered. Port 0 takes a free one.

    Raises `OSError` for an address that cannot be listened on.
    """
    listening = _listening(host, port)
    ready(_address(listening))
    _server(migma).run(sockets=[listening])


@contextmanager
def served(migma: Migma, host: str = "127.0.0.1", port: int = 0) -> Iterator[str]:
    """Serve from a thread for as long as the block runs, and give the address: for demos and tests."""
    listening, server = _listening(host, port), _server(migma)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        yield _address(listening)
    finally:
        server.should_exit = True
        thread.join(timeout=10)


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=2048)


def _address(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _server(migma: Migma) -> uvicorn.Server:
    # no access log: its lines would hold tokens (O-08); no server header; the proxy in front sets Date where wanted
    return uvicorn.Server(
        uvicorn.Config(application(migma), log_level="warning", access_log=False, server_header=False)
    )
