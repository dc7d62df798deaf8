"""The stage on which small campaigns are played, and the figures that a run of these tests reports."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import TypeAlias

import pytest

from tests.support.examples import is_thorough
from tests.support.postgresql import empty_database
from tests.support.small_campaigns import Stage, on_this_stage

Told: TypeAlias = Callable[[str, int], None]
_FIGURE = "figure: "


@pytest.fixture(scope="module", params=("sqlite", "postgresql") if is_thorough() else ("sqlite",))
def stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Two people, on a database of each kind; by default on SQLite, which is faster to ask."""
    if request.param == "sqlite":
        with on_this_stage(f"sqlite:///{tmp_path_factory.mktemp('stage') / 'migma.db'}", 2) as set_up:
            yield set_up
        return
    with empty_database(request.getfixturevalue("postgres_server")) as url, on_this_stage(url, 2) as set_up:
        yield set_up


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Twenty people, on SQLite."""
    with on_this_stage(f"sqlite:///{tmp_path_factory.mktemp('crowd') / 'migma.db'}", 20) as set_up:
        yield set_up


@pytest.fixture
def told(record_property: Callable[[str, object], None]) -> Told:
    """Call it with a figure's name and a number; all of them are added up and shown at the end of the run."""
    return lambda name, number: record_property(_FIGURE + name, number)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show the figures."""
    figures = Counter[str]()
    for report in (*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")):
        figures.update({name: number for name, number in report.user_properties if name.startswith(_FIGURE)})
    for name, number in sorted(figures.items()):
        terminalreporter.write_line(f"{name.removeprefix(_FIGURE)}: {number}")
