"""Running the real program: its own entry point, in this process or, where that is the claim, in one of its own."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from migma_cli.__main__ import main
from migma_runtime import Migma

from migma_core import Brand, Intake, Status

Run = Callable[..., "Ran"]
PEOPLE = (
    "email,first_name,status,tags\n"
    "a@example.com,Ada,subscribed,news\n"
    "b@example.com,Bo,unsubscribed,news\n"
    "c@example.com,Cy,bounced,news\n"
)


@dataclass(frozen=True)
class Ran:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as JSON; nothing else may be on it."""
        return json.loads(self.out)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh folder to stand in, whose ``home`` is the installation, and a terminal that is wide and plain."""
    monkeypatch.chdir(tmp_path)
    for name, value in {"MIGMA_HOME": str(tmp_path / "home"), "NO_COLOR": "1", "COLUMNS": "200"}.items():
        monkeypatch.setenv(name, value)
    return tmp_path


@pytest.fixture
def run(place: Path) -> Run:
    """Run ``migma`` by its entry point; whatever it raises fails the test, as a traceback would."""

    def go(*arguments: str) -> Ran:
        with redirect_stdout(io.StringIO()) as out, redirect_stderr(io.StringIO()) as err:
            code = _exit_code(arguments)
        return Ran(code, out.getvalue(), err.getvalue())

    return go


@pytest.fixture
def process(place: Path) -> Run:
    """Run ``migma`` as its user would, in a process of its own."""

    def go(*arguments: str) -> Ran:
        command = [sys.executable, "-m", "migma_cli", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
        return Ran(done.returncode, done.stdout, done.stderr)

    return go


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installation with a verified domain and three people, made once and copied for each test."""
    home = tmp_path_factory.mktemp("prepared") / "home"
    people = home.parent / "people.csv"
    people.write_text(PEOPLE)
    with Migma.create(home=home) as migma:
        project = migma.start_project("Acme", Brand("Acme", "1 Main Street", "https://mail.example.com"))
        now = migma.parts.clock.now()
        migma.store.domains.add(project.account, "mail.example.com", now)
        migma.store.domains.verify(project.account, "mail.example.com", now)
        migma.contacts.import_csv(project.id, people, Intake(Status.SUBSCRIBED, "checkout"))
    return home


@pytest.fixture
def ready(run: Run, prepared: Path, tmp_path: Path) -> Run:
    """Run ``migma`` on an installation with a verified domain, three people and a template in place."""
    shutil.copytree(prepared, tmp_path / "home")
    (tmp_path / "people.csv").write_text(PEOPLE)
    (tmp_path / "mail.html").write_text("<p>Hello {{first_name|you}}</p>")
    return run


def _exit_code(arguments: tuple[str, ...]) -> int:
    """What `sys.exit` would be told; the parser of arguments calls it itself."""
    try:
        return main(list(arguments))
    except SystemExit as left:
        if not isinstance(left.code, int):
            raise
        return left.code
