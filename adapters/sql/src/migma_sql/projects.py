"""Projects and the account they belong to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, Engine, insert, or_, select

from migma_core.audience.contact import ProjectId
from migma_core.request.brand import Brand
from migma_core.request.project import AccountId, Project

from .engine import reading, writing
from .refs import new_ref
from .schema import accounts, projects
from .shapes import AnyRow

__all__ = ["Projects", "UnknownProject"]


class UnknownProject(LookupError):
    """There is no project with this id or name."""

    def __init__(self, given: str) -> None:
        super().__init__(f"there is no project {given[:80]!a}; create it first")
        self.given = given


class Projects:
    """The projects of one database; the first one brings its account."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def create(self, name: str, brand: Brand, at: datetime) -> Project:
        """Create a project. Raises `ValueError` for a name that is taken."""
        with writing(self._engine) as connection:
            if connection.execute(select(projects.c.id).where(projects.c.name == name)).first():
                raise ValueError(f"there is a project named {name!r} already")
            project = Project(ProjectId(new_ref()), _account(connection, at), name, brand)
            connection.execute(insert(projects), _row(project, at))
        return project

    def get(self, project: ProjectId) -> Project:
        """Read a project by id. Raises `UnknownProject`."""
        return self.find(project)

    def find(self, id_or_name: str) -> Project:
        """Read a project by id or name. Raises `UnknownProject`."""
        named = or_(projects.c.id == id_or_name, projects.c.name == id_or_name)
        with reading(self._engine) as connection:
            row = connection.execute(select(projects).where(named)).first()
        if row is None:
            raise UnknownProject(id_or_name)
        return _project(row)

    def all(self) -> Sequence[Project]:
        """Every project, oldest first."""
        with reading(self._engine) as connection:
            return tuple(_project(row) for row in connection.execute(select(projects).order_by(projects.c.created_at)))


def _account(connection: Connection, at: datetime) -> AccountId:
    account = connection.scalar(select(accounts.c.id).order_by(accounts.c.created_at).limit(1))
    if account is None:
        account = new_ref()
        connection.execute(insert(accounts), {"id": account, "name": "account", "created_at": at})
    return AccountId(account)


def _row(project: Project, at: datetime) -> dict[str, object]:
    brand = project.brand
    return {
        "id": project.id,
        "account_id": project.account,
        "name": project.name,
        "brand_name": brand.name,
        "postal_address": brand.postal_address,
        "base_url": brand.base_url,
        "advertisement": brand.advertisement,
        "colour": brand.colour,
        "logo": brand.logo,
        "loopback": brand.loopback,
        "created_at": at,
    }


def _project(row: AnyRow) -> Project:
    about = (row.brand_name, row.postal_address, row.base_url, row.advertisement)
    brand = Brand(*about, colour=row.colour, logo=row.logo, loopback=bool(row.loopback))
    return Project(ProjectId(row.id), AccountId(row.account_id), row.name, brand)
