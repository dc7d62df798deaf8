"""The pages as they are run: a process of its own, real sockets, and all that can happen to them."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from migma_runtime import Migma

from migma_core import Brand, Status
from migma_core.audience import ConsentAct, Intake
from tests.adapters.conftest import start_acme
from tests.adapters.web.conftest import parsed
from tests.support.examples import is_thorough

LOOKS = 10_000 if is_thorough() else 500

# Runs `migma serve` in a process that dies by SIGKILL when an opt-out has been stored and before it is answered.
DIES_BEFORE_IT_ANSWERS = """
import os, signal, sys
from migma_runtime.opt_outs import OptOuts
leave = OptOuts.leave
def dies(self, *args, **named):
    leave(self, *args, **named)
    os.kill(os.getpid(), signal.SIGKILL)
OptOuts.leave = dies
from migma_cli.__main__ import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture
def home(installation: Path, tmp_path: Path) -> Path:
    """The folder of an installation whose links lead to a free port of this machine."""
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    home = Path(shutil.copytree(installation, tmp_path / "home"))
    with Migma.open(home=home) as migma:
        project = start_acme(migma, Brand("Acme", "1 Main Street", f"http://127.0.0.1:{port}", loopback=True))
        people = tmp_path / "people.csv"
        people.write_text("email,tags\nada@example.com,news\n")
        migma.contacts.import_csv(project.id, people, Intake(Status.SUBSCRIBED, "checkout"))
        migma.sending.send(
            recipient_type="tag",
            recipient_id="news",
            from_="news@mail.example.com",
            from_name="Acme",
            subject="News",
            template="<p>News</p>",
            project_id=project.id,
        )
    return home


@pytest.fixture
def url(home: Path) -> str:
    """The one-click link of the mail that was sent, byte for byte as it stands in the header."""
    raw = next((home / "outbox" / "new").iterdir()).read_bytes()
    found = re.search(rb"(?m)^List-Unsubscribe: <([^>\r\n]+)>\r?$", raw)
    assert found is not None
    assert str(parsed(raw)["List-Unsubscribe-Post"]) == "List-Unsubscribe=One-Click"
    return found[1].decode()


@pytest.fixture
def acts(home: Path) -> Callable[[], list[ConsentAct]]:
    """What is on record that Ada said, read from the file by another process than the server's."""

    def read() -> list[ConsentAct]:
        with Migma.open(home=home) as migma:
            ada = migma.contacts.get(migma.store.projects.all()[0].id, "ada@example.com")
            assert ada is not None
            return [event.act for event in migma.contacts.events(ada.id)]

    return read


@contextmanager
def running(home: Path, url: str, *program: str) -> Iterator[subprocess.Popen[str]]:
    """``migma serve`` in a process of its own, answering."""
    port = urlsplit(url).port
    command = [sys.executable, *(program or ("-m", "migma_cli")), "serve", "--home", str(home), "--port", str(port)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"}
    ) as it:
        try:
            assert it.stdout is not None
            assert it.stdout.readline() == f"Serving on http://127.0.0.1:{port}; stop with Ctrl-C.\n"
            yield it
        finally:
            it.send_signal(signal.SIGINT)
            it.wait(timeout=20)


def asked(method: str, url: str, body: bytes | None = None, **headers: str) -> tuple[int, dict[str, str], str]:
    """One request, and nothing after it: no redirect is followed, no cookie kept."""
    parts = urlsplit(url)
    with closing(HTTPConnection(str(parts.hostname), parts.port, timeout=30)) as connection:
        connection.request(method, parts.path, body, headers)
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read().decode()


def test_the_link_of_the_header_works_as_a_mail_program_uses_it(
    home: Path, url: str, acts: Callable[[], list[ConsentAct]]
) -> None:
    """RFC 8058 §3.2: its very bytes, posted to, with the one field that a mail program sends."""
    with running(home, url):
        body = b"List-Unsubscribe=One-Click"
        status, headers, _ = asked("POST", url, body, **{"Content-Type": "application/x-www-form-urlencoded"})
        assert (status, headers.get("set-cookie"), headers.get("server")) == (200, None, None)
    assert acts() == [ConsentAct.OPT_IN, ConsentAct.OPT_OUT]


def test_killed_between_the_record_and_the_answer_nothing_is_lost(
    home: Path, url: str, acts: Callable[[], list[ConsentAct]]
) -> None:
    """The client hears nothing and asks again; the first opt-out stands, and there is one."""
    with running(home, url, "-c", DIES_BEFORE_IT_ANSWERS) as server:
        with pytest.raises(OSError, match=r"closed connection|reset"):
            asked("POST", url)
        assert server.wait(timeout=20) == -signal.SIGKILL
    assert acts() == [ConsentAct.OPT_IN, ConsentAct.OPT_OUT]
    with running(home, url):
        assert asked("POST", url)[0] == 200
    assert acts() == [ConsentAct.OPT_IN, ConsentAct.OPT_OUT]


def test_thousands_of_looks_change_no_row(home: Path, url: str) -> None:
    """GET, HEAD and OPTIONS on a valid link, again and again: the database's dump is the same to the byte (D-01)."""
    parts = urlsplit(url)

    def look(_: int) -> set[int]:
        with closing(HTTPConnection(str(parts.hostname), parts.port, timeout=30)) as connection:
            seen = set()
            for number in range(LOOKS // 4):
                connection.request(("GET", "HEAD", "OPTIONS")[number % 3], parts.path)
                answer = connection.getresponse()
                answer.read()
                seen.add(answer.status)
            return seen

    with running(home, url):
        before = dumped(home)
        with ThreadPoolExecutor(4) as many:
            assert set().union(*many.map(look, range(4))) == {200, 204}
        assert dumped(home) == before


def test_a_body_cut_off_or_endless_still_opts_out(home: Path, url: str, acts: Callable[[], list[ConsentAct]]) -> None:
    """The wish is in the first line; a client that vanishes in the middle of its body has left all the same (D-03)."""
    parts = urlsplit(url)
    with running(home, url):
        with socket.create_connection((str(parts.hostname), parts.port or 0)) as client:
            client.sendall(f"POST {parts.path} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nList".encode())
        until(lambda: acts()[-1] is ConsentAct.OPT_OUT)
        assert asked("POST", url, b"x" * 1_000_000)[0] == 200


def test_while_the_database_is_locked_nothing_is_promised(
    home: Path, url: str, acts: Callable[[], list[ConsentAct]]
) -> None:
    """A real lock held by somebody else: 503 and when to come again; once it is gone, the same POST acts (D-08)."""
    with running(home, url):
        with closing(sqlite3.connect(home / "migma.db", isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            status, headers, page = asked("POST", url)
            assert (status, headers["retry-after"]) == (503, "60")
            assert "ada" not in page
        assert acts() == [ConsentAct.OPT_IN]
        assert asked("POST", url)[0] == 200
    assert acts() == [ConsentAct.OPT_IN, ConsentAct.OPT_OUT]


def test_an_address_in_use_is_told(home: Path, url: str) -> None:
    """One sentence and exit code 1, not a traceback."""
    with running(home, url):
        port = str(urlsplit(url).port)
        command = [sys.executable, "-m", "migma_cli", "serve", "--home", str(home), "--port", port]
        second = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert second.returncode == 1
    assert "Address already in use" in second.stderr and "Traceback" not in second.stderr


def dumped(home: Path) -> str:
    """Every row of the database, as SQL."""
    with closing(sqlite3.connect(home / "migma.db")) as connection:
        return "\n".join(connection.iterdump())


def until(holds: Callable[[], bool]) -> None:
    """Wait for what happens in another process; at most ten seconds."""
    end = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.05)
