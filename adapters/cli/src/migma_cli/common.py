"""What every command shares: where the installation is, which project, and how to show the answer."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, TypeAlias

from cyclopts import Parameter
from migma_runtime import Migma

from migma_core.request import Project

from .logs import write_log
from .mistake import Mistake
from .screen import Screen

__all__ = ["USUAL", "Common", "Mistake", "Options"]


@Parameter(name="*")
@dataclass(frozen=True)
class Common:
    """Options of every command."""

    home: Annotated[Path | None, Parameter(help="Folder of the installation; also MIGMA_HOME. [default: .migma]")] = (
        None
    )
    project: Annotated[str | None, Parameter(help="Id or name of the project; needed only if there are several.")] = (
        None
    )
    json: Annotated[bool, Parameter(help="Print JSON for programs.", negative=())] = False

    @property
    def screen(self) -> Screen:
        """Where to print."""
        return Screen(as_json=self.json)

    def open(self, **settings: Any) -> Migma:
        """Open the installation, and write down what happens where a log is asked for. Raises `FaultySettings`."""
        migma = Migma.open(**self.arguments(), **settings)
        write_log(migma.parts.settings.log_path)
        return migma

    def arguments(self) -> dict[str, Any]:
        """The settings given on the command line."""
        return {} if self.home is None else {"home": self.home}

    def project_of(self, migma: Migma) -> Project:
        """The project named, or the only one. Raises `Mistake`."""
        if self.project is not None:
            return migma.store.projects.find(self.project)
        projects = migma.store.projects.all()
        if len(projects) != 1:
            names = ", ".join(one.name for one in projects) or "none"
            raise Mistake(f"say which project with --project (there is: {names})")
        return projects[0]


USUAL: Final = Common()
"""Where nothing is said."""

Options: TypeAlias = Annotated[Common, Parameter(name="*")]
