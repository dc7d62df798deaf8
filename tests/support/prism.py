"""Prism: a mock server that holds requests to a provider's official description."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import pytest

__all__ = ["prism"]

ROOT = Path(__file__).parents[2]
DESCRIPTIONS = (ROOT / os.environ.get("MIGMA_OPENAPI", "../shared/openapi")).resolve()
_PLACES = (os.environ.get("MIGMA_PRISM", ""), str(ROOT / ".ci" / "prism"))
_ENTRY = "node_modules/@stoplight/prism-cli/dist/index.js"
_PATIENCE = 60.0


@contextmanager
def prism(description: str) -> Iterator[str]:
    """
    The URL of a mock server for one description, on loopback, until the block ends.

    Skips where descriptions, Node or Prism are absent; where ``CI`` is set that is a failure.
    """
    path = DESCRIPTIONS / description
    entry = next((found for place in _PLACES if place and (found := Path(place) / _ENTRY).exists()), None)
    node = shutil.which("node")
    if not path.exists():
        _absent(
            f"the providers' descriptions are not beside the checkout ({description}; MIGMA_OPENAPI names the place)"
        )
    if node is None or entry is None:
        _absent("Prism is not installed: npm install --prefix .ci/prism @stoplight/prism-cli@5.14.2")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [node, str(entry), "mock", "-h", "127.0.0.1", "-p", str(port), str(path)]
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait(running, port)
        yield f"http://127.0.0.1:{port}"
    finally:
        running.terminate()
        running.wait(20)


def _absent(why: str) -> NoReturn:
    if os.environ.get("CI"):
        pytest.fail(f"in CI no test may be skipped: {why}")
    pytest.skip(why)


def _wait(running: subprocess.Popen[bytes], port: int) -> None:
    """Until it answers anything at all, an unknown path included."""
    ends = time.monotonic() + _PATIENCE
    while time.monotonic() < ends and running.poll() is None:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5)
        except urllib.error.HTTPError as answered:
            answered.close()
            return
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise AssertionError(f"Prism did not begin to listen (exit code {running.poll()})")
