"""``migma demo``: import, preview, send, opt out, send again, and explain, on a messy list."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from ..common import Mistake
from ..screen import Screen
from ..serve import pages
from .story import Story

__all__ = ["demo"]


def demo(
    *,
    contacts: Annotated[int, Parameter(help="How many rows the list has.")] = 10_000,
    keep: Annotated[Path | None, Parameter(help="Keep all files in this folder, which must be new or empty.")] = None,
    serve: Annotated[
        bool, Parameter(help="End with a page open at a link from a mail just sent.", negative=())
    ] = False,
) -> int:
    """Watch a whole campaign: imported, previewed, sent, unsubscribed from, and sent again."""
    if contacts < 200:  # noqa: PLR2004 - fewer would leave some of the reasons without anybody
        raise Mistake("the demo needs at least --contacts 200 to have somebody for every reason")
    if keep is not None and keep.exists() and any(keep.iterdir()):
        raise Mistake(f"{keep} is not empty; name a new folder")
    folder = keep or Path(tempfile.mkdtemp(prefix="migma-demo-"))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        Story(Screen(), folder, contacts, kept=keep is not None, served=pages().served if serve else None).tell()
    finally:
        if keep is None:
            _remove(folder)
    return 0


def _remove(folder: Path) -> None:
    """Remove the demo's files; the mails one by one first, since rmtree holds a folder's whole list in memory."""
    mails = folder / "installation" / "outbox" / "new"
    if mails.exists():
        with os.scandir(mails) as found:
            for mail in found:
                Path(mail.path).unlink()
    shutil.rmtree(folder, ignore_errors=True)
