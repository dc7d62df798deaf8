"""What the one-click POST costs, asked by wrk, beside an empty route of the same server; nothing is promised of it."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
import threading
import time
from email import message_from_bytes, policy
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from migma_runtime import Migma
from migma_web import application
from migma_wire import to_address
from starlette.responses import PlainTextResponse

from migma_core import Brand, ContactDraft

__all__ = ["main"]

_PORT = 8026
_POST = 'wrk.method = "POST"\nwrk.body = "List-Unsubscribe=One-Click"\n'


def main() -> None:
    """Measure by turns, and print requests per second as ratios to the empty route."""
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is not installed: apt-get install wrk")
    with tempfile.TemporaryDirectory() as folder, Migma.create(home=Path(folder) / "home") as migma:
        link = _sent(migma)
        script = Path(folder) / "post.lua"
        script.write_text(_POST)
        server = uvicorn.Server(uvicorn.Config(_beside_nothing(migma), port=_PORT, log_level="error", access_log=False))
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.05)
        before, repeated, after = (_rate(path, script) for path in ("/nothing", link, "/nothing"))
        start = time.perf_counter()
        for _ in range(200):
            migma.opt_outs.leave(link)
        in_store = (time.perf_counter() - start) / 200
        print(f"one-click POST, repeated: {repeated / ((before + after) / 2):.3f} of an empty route of the same server")
        print(f"of its time, {100 * in_store * repeated:.0f} % is the store's (reads, one write lock; one at a time)")
        server.should_exit = True
        thread.join(10)


def _beside_nothing(migma: Migma) -> FastAPI:
    app = FastAPI(openapi_url=None, redirect_slashes=False)
    app.add_api_route("/nothing", lambda: PlainTextResponse(""), methods=["POST"], response_class=PlainTextResponse)
    app.mount("/", application(migma))
    return app


def _rate(path: str, script: Path) -> float:
    command = ["wrk", "-t1", "-c16", "-d5s", "-s", str(script), f"http://127.0.0.1:{_PORT}{path}"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "Non-2xx" not in told, told
    found = re.search(r"Requests/sec:\s+([\d.]+)", told)
    assert found is not None, told
    return float(found[1])


def _sent(migma: Migma) -> str:
    project = migma.start_project("Acme", Brand("Acme", "1 Main Street", "http://127.0.0.1", loopback=True))
    now = migma.parts.clock.now()
    migma.store.domains.add(project.account, "mail.example.com", now)
    migma.store.domains.verify(project.account, "mail.example.com", now)
    migma.contacts.add(project.id, ContactDraft(address=to_address("ada@example.com"), tags=frozenset({"news"})))
    migma.sending.send(
        recipient_type="tag",
        recipient_id="news",
        from_="news@mail.example.com",
        from_name="Acme",
        subject="News",
        template="<p>News</p>",
        project_id=project.id,
    )
    raw = next((migma.parts.settings.outbox_path / "new").iterdir()).read_bytes()
    link = str(message_from_bytes(raw, policy=policy.default)["List-Unsubscribe"]).strip("<>")
    return link.removeprefix("http://127.0.0.1")


if __name__ == "__main__":
    main()
