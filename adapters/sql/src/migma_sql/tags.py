"""Tags: labels that contacts hold, compared exactly."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, Engine, func, or_, select

from migma_core.audience.address import hidden_characters
from migma_core.audience.contact import ProjectId
from migma_core.ports import Tag

from .engine import reading, writing
from .functions import insert_new
from .refs import new_ref
from .schema import contact_tags, tags
from .shapes import AnyRow, AnySelect

__all__ = ["Tags", "tag_ids"]

_LONGEST = 100


class Tags:
    """The tags of one database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def create(self, project: ProjectId, name: str, at: datetime, description: str = "") -> Tag:
        """Create a tag. Raises `ValueError` for a name that is taken or cannot be one."""
        if not 0 < len(name) <= _LONGEST or hidden_characters(name):
            raise ValueError("a tag's name has 1 to 100 visible characters")
        if self.find(project, name) is not None:
            raise ValueError(f"there is a tag named {name!r} already")
        with writing(self._engine) as connection:
            tag_ids(connection, project, {name}, at, description)
        found = self.find(project, name)
        assert found is not None  # noqa: S101 - it was just made
        return found

    def list(self, project: ProjectId) -> Sequence[Tag]:
        """Every tag of the project with the number of its holders, by name."""
        with reading(self._engine) as connection:
            return tuple(_tag(row) for row in connection.execute(_counted(project).order_by(tags.c.name)))

    def find(self, project: ProjectId, id_or_name: str) -> Tag | None:
        """A tag by id or name."""
        query = _counted(project).where(or_(tags.c.ref == id_or_name, tags.c.name == id_or_name))
        with reading(self._engine) as connection:
            row = connection.execute(query).first()
        return None if row is None else _tag(row)


def tag_ids(
    connection: Connection, project: ProjectId, names: Iterable[str], at: datetime, description: str = ""
) -> Mapping[str, int]:
    """The store's numbers of tags by name; unknown ones are created."""
    wanted = sorted(set(names))
    if not wanted:
        return {}
    rows = [
        {"ref": new_ref(), "project_id": project, "name": name, "description": description, "created_at": at}
        for name in wanted
    ]
    connection.execute(insert_new(connection, tags), rows)
    query = select(tags.c.name, tags.c.id).where(tags.c.project_id == project, tags.c.name.in_(wanted))
    return {row.name: row.id for row in connection.execute(query)}


def _counted(project: ProjectId) -> AnySelect:
    holders = select(func.count()).where(contact_tags.c.tag_id == tags.c.id).scalar_subquery()
    return select(tags.c.ref, tags.c.name, holders.label("holders"), tags.c.description).where(
        tags.c.project_id == project
    )


def _tag(row: AnyRow) -> Tag:
    return Tag(row.ref, row.name, row.holders, row.description)
