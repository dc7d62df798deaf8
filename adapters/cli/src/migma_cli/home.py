"""``migma init``: make an installation."""

from __future__ import annotations

import base64
import mimetypes
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from migma_runtime import Migma

from migma_core.request import Brand

from .common import USUAL, Mistake, Options

__all__ = ["init"]


def init(  # noqa: PLR0913 - one parameter per option
    *,
    brand: Annotated[str, Parameter(help="The sender's name, as recipients know it.")],
    postal_address: Annotated[
        str, Parameter(help="Where the sender can be reached by post; marketing mail carries it.")
    ],
    base_url: Annotated[str, Parameter(help="The https address under which the pages behind our links will live.")],
    advertisement: Annotated[
        str,
        Parameter(help="A line that names marketing as an advertisement, where not all have affirmatively consented."),
    ] = "",
    colour: Annotated[str, Parameter(help="Colour of the pages' buttons, such as #0a4ea3.")] = "",
    logo: Annotated[Path | None, Parameter(help="Picture for the pages: PNG, JPEG or WebP, up to 70 kB.")] = None,
    loopback: Annotated[
        bool,
        Parameter(help="To try things out: base_url is http://127.0.0.1:PORT, and only the outbox takes such mail."),
    ] = False,
    common: Options = USUAL,
) -> int:
    """Make an installation: secrets, database, outbox, and a first project."""
    picture = "" if logo is None else _data_url(logo)
    sender = Brand(brand, postal_address, base_url, advertisement, colour, picture, loopback)
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


def _data_url(picture: Path) -> str:
    """A picture as part of the page: pages load nothing from anywhere."""
    kind = mimetypes.guess_type(picture.name)[0] or "application/octet-stream"
    return f"data:{kind};base64,{base64.b64encode(picture.read_bytes()).decode()}"
