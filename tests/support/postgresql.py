"""
A real PostgreSQL for tests: the one that MIGMA_TEST_POSTGRES names, or one that the test run starts for itself.

The server starts when the first test asks for it, is shared by all workers of the run, and is stopped by the process
that began the run, however the workers ended.
"""

from __future__ import annotations

import fcntl
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest

__all__ = [
    "empty_database",
    "own_server",
    "postgres_server",
    "pytest_configure",
    "pytest_unconfigure",
    "server_user",
    "start",
    "stop",
]

_GIVEN = "MIGMA_TEST_POSTGRES"
_OURS = "MIGMA_TEST_POSTGRES_AT"
_INSTALLED = Path("/usr/lib/postgresql")
_MISSING = (
    f"there is no PostgreSQL in {_INSTALLED}: install Debian's package postgresql, "
    f"or set {_GIVEN} to the URL of a server on which databases may be made"
)
# nothing of a test survives a power cut, and nothing needs to
_HASTY = ("fsync=off", "full_page_writes=off", "max_connections=200", "listen_addresses=''")


def pytest_configure(config: pytest.Config) -> None:
    """Choose the place of the run's server, in the process that began the run."""
    if not hasattr(config, "workerinput"):
        os.environ[_OURS] = str(Path(tempfile.gettempdir()) / f"migma-pg.{uuid4().hex[:12]}")


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the server, if any worker started it."""
    place = Path(os.environ[_OURS])
    if not hasattr(config, "workerinput") and place.exists():
        stop(place)
        shutil.rmtree(place)
        _lock(place).unlink()


@pytest.fixture(scope="session")
def postgres_server() -> str:
    """
    The URL of a running server. Without one to be had the test is skipped, or fails where CI promises one.
    """
    if given := os.environ.get(_GIVEN):
        return given
    _need_binaries()
    place = Path(os.environ[_OURS])
    with _alone(_lock(place)):
        if not place.exists():
            _create(place)
    return _url(place)


@contextmanager
def own_server() -> Iterator[tuple[str, Path]]:
    """A server for one test alone, which may `stop` and `start` it: its URL, and its place."""
    _need_binaries()
    place = Path(tempfile.gettempdir()) / f"migma-pg.{uuid4().hex[:12]}"
    _create(place)
    try:
        yield _url(place), place
    finally:
        stop(place)
        shutil.rmtree(place)


def stop(place: Path) -> None:
    """Stop a server as a crash would; nothing where it has stopped already."""
    if (place / "data" / "postmaster.pid").exists():
        _run(place, "pg_ctl", "-D", place / "data", "-m", "immediate", "stop")


def start(place: Path) -> None:
    """Start a server, and wait until it answers."""
    options = " ".join(f"-c {option}" for option in (*_HASTY, f"unix_socket_directories='{place}'"))
    _run(place, "pg_ctl", "-D", place / "data", "-w", "-t", "60", "-l", place / "log", "-o", options, "start")


@contextmanager
def empty_database(server: str) -> Iterator[str]:
    """A database without a table, gone afterwards with whoever is still connected."""
    import psycopg

    name = f"migma_test_{uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} STRATEGY file_copy")
    try:
        yield _named(server, name)
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _lock(place: Path) -> Path:
    return place.with_name(f"{place.name}.lock")


def _named(server: str, database: str) -> str:
    from sqlalchemy import make_url

    return make_url(server).set(database=database).render_as_string(hide_password=False)


def _create(place: Path) -> None:
    place.mkdir(mode=0o700)
    if os.geteuid() == 0:
        shutil.chown(place, *server_user())
    _run(place, "initdb", "-D", place / "data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")
    start(place)


def _need_binaries() -> None:
    if _binaries() is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(_MISSING)


def _url(place: Path) -> str:
    return f"postgresql://postgres@/postgres?host={place}"


def _run(place: Path, program: str, *arguments: object) -> None:
    """Run one of the server's programs, which refuse to be run by root; they take the locale from the environment."""
    found = _binaries()
    assert found is not None, _MISSING
    command = [str(found / program), *map(str, arguments)]
    environment = {"PATH": f"{found}:/usr/bin:/bin", "HOME": str(place), "LC_ALL": "C.UTF-8"}
    user, group = server_user() if os.geteuid() == 0 else (None, None)
    with tempfile.TemporaryFile() as told:  # no pipe: the server would inherit it, and it would never end
        ended = subprocess.run(
            command, check=False, cwd="/", env=environment, stdout=told, stderr=told, user=user, group=group
        )
        told.seek(0)
        if ended.returncode != 0:
            raise RuntimeError(f"{command} ended with {ended.returncode}: {told.read().decode(errors='replace')}")


def server_user() -> tuple[str, str]:
    """Whom the package made for the server, or whoever owns nothing."""
    names = {one.pw_name for one in pwd.getpwall()}
    return ("postgres", "postgres") if "postgres" in names else ("nobody", "nogroup")


def _binaries() -> Path | None:
    """The newest version installed."""
    found = [path for path in _INSTALLED.glob("*/bin") if (path / "initdb").exists()]
    return max(found, key=lambda path: float(path.parent.name), default=None)


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
