"""Running the real program: its own entry point, in this process or, where that is the claim, in one of its own."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from migma_runtime import Migma

from migma_core import Brand, Intake, Status
from tests.support.command_line import Ran, Run, run_alone, run_here

__all__ = ["PEOPLE", "Ran", "Run", "place", "prepared", "process", "ready", "run"]

PEOPLE = (
    "email,first_name,status,tags\n"
    "a@example.com,Ada,subscribed,news\n"
    "b@example.com,Bo,unsubscribed,news\n"
    "c@example.com,Cy,bounced,news\n"
)


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
    return run_here


@pytest.fixture
def process(place: Path) -> Run:
    """Run ``migma`` as its user would, in a process of its own."""
    return run_alone


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
