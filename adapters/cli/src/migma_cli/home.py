"""``migma init``: make an installation."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter
from migma_runtime import Migma

from migma_core.request import Brand

from .common import USUAL, Mistake, Options

__all__ = ["init"]


def init(
    *,
    brand: Annotated[str, Parameter(help="The sender's name, as recipients know it.")],
    postal_address: Annotated[
        str, Parameter(help="Where the sender can be reached by post; marketing mail carries it.")
    ],
    base_url: Annotated[str, Parameter(help="The https address under which opt-out links will live.")],
    advertisement: Annotated[
        str,
        Parameter(help="A line that names marketing as an advertisement, where not all have affirmatively consented."),
    ] = "",
    common: Options = USUAL,
) -> int:
    """Make an installation: secrets, database, outbox, and a first project."""
    sender = Brand(brand, postal_address, base_url, advertisement)
    with Migma.create(**common.arguments()) as migma:
        if migma.store.projects.all():
            raise Mistake(f"there is an installation in {migma.parts.settings.home} already; nothing was changed")
        project = migma.start_project(common.project or brand, sender)
        common.screen.say(f"Made {migma.parts.settings.home} with the project {project.name} ({project.id}).")
        common.screen.say(
            "Next: migma domains add example.com, migma domains verify example.com, migma contacts import FILE"
        )
        common.screen.json({"home": migma.parts.settings.home, "project": project})
    return 0
