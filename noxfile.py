"""Sessions for people and for CI; adapters are found by themselves."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import tomllib
from pathlib import Path

import nox

nox.needs_version = ">=2026.4"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.reuse_venv = "yes"
nox.options.download_python = "never"
nox.options.sessions = ["tests", "alone", "types", "lint", "docs"]

PROJECT = nox.project.load_toml("pyproject.toml")
ADAPTERS = sorted(path.parent for path in Path("adapters").glob("*/pyproject.toml"))
# uv does not compile on install, and every process of the command-line tests would compile again
COMPILED = {"UV_COMPILE_BYTECODE": "1"}
# nor are our own files compiled where the environment forbids to keep what comes of it
KEPT: dict[str, str | None] = {"PYTHONDONTWRITEBYTECODE": None}
# one worker more than cores: many tests wait for a process, a lease or a lock. Each begins with a part of the list that
# lies together, and so starts servers and browsers of its own seldom; who is done takes over from the end of another's
IN_PARALLEL = ("-n", str(min(8, 1 + (os.cpu_count() or 1))), "--dist", "worksteal")
# databases of tests wait for the disk at every commit: in memory they do not
IN_MEMORY, ENOUGH = Path("/dev/shm"), 2 * 1024**3  # noqa: S108 - only where there is room
# wings of the core, each importing only from those after it in this list
WINGS = ("testing", "ports", "delivery", "message", "decision", "request", "audience")
# wings whose every branch is tested
COVERED = ("audience", "request", "decision", "message")
# adapters that others may import; the command line stands above all of them
SHARED = ("migma_runtime", "migma_http", "migma_wire")
FRONT = ("migma_cli",)


# what must notice a change of the decision wing, cheapest first
WATCHING = (
    *("tests/unit/decision/test_eligibility.py", "tests/unit/decision"),
    *("tests/unit/test_walls.py", "tests/unit/test_rules_of_law.py"),
    *(f"tests/properties/test_{laws}_laws.py" for laws in ("decision", "checker", "outside", "planning", "request")),
)
MUTANTS = """
[cosmic-ray]
module-path = {modules}
timeout = 120.0
excluded-modules = []
test-command = "python -m pytest -x -q {tests}"

[cosmic-ray.distributor]
name = "local"
"""


def everything(session: nox.Session, *groups: str) -> None:
    """Install the core and every adapter, editable, in one call: nothing of ours is looked up on an index."""
    editable = [part for path in (Path(), *ADAPTERS) for part in ("-e", f"./{path}")]
    session.install(*editable, *nox.project.dependency_groups(PROJECT, *groups), env=COMPILED)


@nox.session
def demo(session: nox.Session) -> None:
    """Watch a campaign being imported, previewed, sent, unsubscribed from, and sent again."""
    everything(session)
    session.run("migma", "demo", *session.posargs)


def quick() -> dict[str, str | None]:
    """Temporary files in memory, where that has room, and bytecode kept: the tests start many processes of ours."""
    roomy = IN_MEMORY.is_dir() and shutil.disk_usage(IN_MEMORY).free > ENOUGH
    return {**KEPT, **({"TMPDIR": str(IN_MEMORY)} if roomy else {})}


@nox.session
def tests(session: nox.Session) -> None:
    """Run all tests, on all cores; arguments go to pytest."""
    everything(session, "test")
    session.run("python", "-m", "pytest", *IN_PARALLEL, *session.posargs, env=quick())


@nox.session
def alone(session: nox.Session) -> None:
    """
    Run the core's own tests on the built wheel, with only pytest and Hypothesis beside it: that nothing of them needs
    more. What they claim was tried on many examples by ``tests``; here it is few.
    """
    out = Path(session.create_tmp()).resolve()
    shutil.rmtree(out / "dist", ignore_errors=True)
    session.install("build", "hypothesis>=6.150", "pytest>=9")
    session.run("python", "-m", "build", "--wheel", "--outdir", str(out / "dist"), ".", silent=True)
    session.install("--force-reinstall", "--no-deps", *map(str, (out / "dist").glob("*.whl")))
    with tempfile.TemporaryDirectory() as elsewhere:
        # away from the checkout, so that only the wheel can be imported
        for folder in ("unit", "properties", "support"):
            if Path("tests", folder).exists():
                shutil.copytree(Path("tests", folder), Path(elsewhere, "tests", folder))
        shutil.copy("tests/conftest.py", Path(elsewhere, "tests"))
        session.chdir(elsewhere)
        session.run(
            "python", "-c", "import migma_core; assert 'site-packages' in migma_core.__file__, migma_core.__file__"
        )
        session.run(
            *("python", "-m", "pytest", "--import-mode=importlib", "-o", "pythonpath=.", "-q", "tests"),
            *session.posargs,
            env={"HYPOTHESIS_PROFILE": "alone"},
        )


@nox.session
def types(session: nox.Session) -> None:
    """Check types, strictly, everywhere."""
    everything(session, "types")
    session.run("mypy", env={"MYPYPATH": ":".join([".", *(f"{path}/src" for path in ADAPTERS)])})


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, and that every import points the right way."""
    everything(session, "lint")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    contracts = Path(session.create_tmp()) / "contracts.toml"
    contracts.write_text(_contracts())
    session.run("lint-imports", "--config", str(contracts), "--no-cache")


@nox.session
def docs(session: nox.Session) -> None:
    """Run every example in the README, the docs and the core's docstrings."""
    everything(session, "test")
    session.run("python", "-m", "pytest", "-q", *IN_PARALLEL, "tests/docs", *session.posargs, env=quick())


@nox.session(default=False)
def bench(session: nox.Session) -> None:
    """Measure the figures promised, as ratios within one run; ``-- --json FILE`` writes them down as well."""
    everything(session, "test", "bench")
    session.run("python", "-m", "tests.benchmarks", *session.posargs, env=KEPT)


@nox.session(default=False)
def coverage(session: nox.Session) -> None:
    """Hold the core's first wings to full branch coverage by their own tests."""
    everything(session, "test", "coverage")
    wings = ",".join(f"migma_core/{wing}/*" for wing in COVERED)
    tests = ("tests/unit", "tests/properties", "tests/docs")
    session.run("coverage", "erase")
    found = {"HYPOTHESIS_PROFILE": "ci"}  # the same examples, and so the same lines, every time
    session.run("coverage", "run", "-m", "pytest", "-q", *IN_PARALLEL, *tests, *session.posargs, env=found)
    session.run("coverage", "combine", "-q")
    session.run("coverage", "report", f"--include={wings}", "--show-missing", "--skip-covered", "--fail-under=100")


@nox.session(default=False)
def thorough(session: nox.Session) -> None:
    """Try the laws that hold databases and Python to one another on 10,000 examples each, for hours; or files named."""
    everything(session, "test")
    differential = [f"tests/adapters/sql/test_{name}.py" for name in ("agreement", "audience_sql", "standing_sql")]
    chosen = session.posargs or (*differential, "tests/adapters/web/test_server.py")
    session.run("python", "-m", "pytest", *IN_PARALLEL, *chosen, env={**quick(), "HYPOTHESIS_PROFILE": "thorough"})


@nox.session(default=False)
def faults(session: nox.Session) -> None:
    """Kill, refuse and interrupt campaigns of full size, for many minutes; the default run tries a few of each kind."""
    everything(session, "test")
    chosen = session.posargs or (
        "tests/faults",
        "tests/adapters/cli/test_kill.py",
        "tests/adapters/cli/test_scheduling.py",
    )
    shown = ("-rP", *IN_PARALLEL, *chosen)  # what was counted is printed at the end
    session.run("python", "-m", "pytest", *shown, env={**quick(), "HYPOTHESIS_PROFILE": "faults"})


@nox.session(default=False)
def mutants(session: nox.Session) -> None:
    """Change the decision wing in many small ways and list what no test notices; arguments name modules of it."""
    everything(session, "test", "mutants")
    scratch = Path(session.create_tmp()).resolve() / "mutants"
    shutil.rmtree(scratch, ignore_errors=True)
    for folder in ("migma_core", "tests"):  # a copy, so that no change ever lands in the checkout
        shutil.copytree(folder, scratch / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy("pyproject.toml", scratch)
    session.chdir(scratch)
    modules = [f"migma_core/decision/{name}.py" for name in session.posargs or ("rules", "purpose", "record")]
    Path("mutants.toml").write_text(MUTANTS.format(modules=json.dumps(modules), tests=" ".join(WATCHING)))
    session.run("cosmic-ray", "init", "mutants.toml", "mutants.sqlite")
    session.run("python", "-m", "tests.mutants", "mutants.sqlite")
    session.run("cosmic-ray", "exec", "mutants.toml", "mutants.sqlite", env={"HYPOTHESIS_PROFILE": "mutants"})
    session.run("cr-report", "--surviving-only", "--show-diff", "mutants.sqlite")


@nox.session(default=False)
def build(session: nox.Session) -> None:
    """Build every distribution into dist/."""
    session.install("build")
    for path in (Path(), *ADAPTERS):
        session.run("python", "-m", "build", "--outdir", "dist", str(path), silent=True)


@nox.session(default=False)
def dev(session: nox.Session) -> None:
    """Make a virtual environment in .venv with everything for an editor."""
    session.run("python", "-m", "venv", ".venv", external=True)
    editable = [part for path in (Path(), *ADAPTERS) for part in ("-e", f"./{path}")]
    wanted = nox.project.dependency_groups(PROJECT, "dev")
    session.run(".venv/bin/python", "-m", "pip", "install", "-q", *editable, *wanted, external=True)


def _contracts() -> str:
    """Import contracts of the tree as it is, so that a new adapter is held to them without being named."""
    packages = sorted(path.name for adapter in ADAPTERS for path in (adapter / "src").iterdir() if path.is_dir())
    leaves = [name for name in packages if name not in (*SHARED, *FRONT)]
    third = sorted({_imported(name) for adapter in ADAPTERS for name in _dependencies(adapter)})
    return f"""
[tool.importlinter]
root_packages = {["migma_core", *packages]}
include_external_packages = true

[[tool.importlinter.contracts]]
name = "data and imports go downhill"
type = "layers"
layers = {[f"migma_core.{wing}" for wing in WINGS]}
exhaustive = true
containers = []

[[tool.importlinter.contracts]]
name = "the core knows neither adapters nor third parties"
type = "forbidden"
source_modules = ["migma_core"]
forbidden_modules = {[*packages, *third]}

[[tool.importlinter.contracts]]
name = "adapters do not know each other"
type = "independence"
modules = {leaves}

[[tool.importlinter.contracts]]
name = "the shared adapters know no concrete one"
type = "forbidden"
source_modules = {[name for name in SHARED if name in packages]}
forbidden_modules = {[*leaves, *FRONT]}
""".replace("exhaustive = true\ncontainers = []\n", "").replace("'", '"')


def _dependencies(adapter: Path) -> list[str]:
    named: list[str] = tomllib.loads((adapter / "pyproject.toml").read_text())["project"]["dependencies"]
    return [name for name in named if not name.startswith("migma-")]


def _imported(requirement: str) -> str:
    return requirement.split(">", maxsplit=1)[0].split("[", maxsplit=1)[0].strip().replace("-", "_")
