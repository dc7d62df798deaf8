"""Running the real program."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
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


@pytest.fixture(scope="session")
def bytecode(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the processes of these tests share compiled code, which halves their start."""
    return tmp_path_factory.mktemp("bytecode")


@pytest.fixture
def run(tmp_path: Path, bytecode: Path) -> Run:
    """Run ``migma`` as its user would, in a process of its own, on an installation in a fresh folder."""

    def go(*arguments: str) -> Ran:
        ours = {"MIGMA_HOME": str(tmp_path / "home"), "NO_COLOR": "1", "COLUMNS": "200"}
        environment = {**os.environ, **ours, "PYTHONPYCACHEPREFIX": str(bytecode)}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        done = subprocess.run(
            [sys.executable, "-m", "migma_cli", *arguments],
            capture_output=True,
            text=True,
            env=environment,
            cwd=tmp_path,
            check=False,
            timeout=300,
        )
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
