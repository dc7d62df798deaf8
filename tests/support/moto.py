"""moto: a server that keeps SES's identities and mails, of an account of its own."""

from __future__ import annotations

import importlib.util
import json
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.support.counterparts import needs

__all__ = ["moto", "sent_mails"]

_PATIENCE = 60.0


@contextmanager
def moto() -> Iterator[str]:
    """The URL of a server on loopback, until the block ends; skips where moto is not installed."""
    needs(importlib.util.find_spec("moto") is not None, "moto is not installed: pip install 'moto[server]'")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait(running, f"http://127.0.0.1:{port}")
        yield f"http://127.0.0.1:{port}"
    finally:
        running.terminate()
        running.wait(20)


def sent_mails(url: str, kind: str) -> list[dict[str, Any]]:
    """What was sent through it: of the kind ``Message`` in parts, of the kind ``RawMessage`` as octets."""
    found: list[dict[str, Any]] = json.loads(_kept(url))["ses"].get(kind, [])
    return found


def _kept(url: str) -> bytes:
    with urllib.request.urlopen(f"{url}/moto-api/data.json", timeout=10) as answer:  # noqa: S310 - ours, on loopback
        return bytes(answer.read())


def _wait(running: subprocess.Popen[bytes], url: str) -> None:
    ends = time.monotonic() + _PATIENCE
    while time.monotonic() < ends and running.poll() is None:
        try:
            _kept(url)
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise AssertionError(f"moto did not begin to listen (exit code {running.poll()})")
