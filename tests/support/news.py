"""The campaign that most tests of a whole installation send: plain news to everyone tagged so."""

from __future__ import annotations

from typing import Any

from migma_runtime import SendWords

from migma_core import Project

__all__ = ["news"]


def news(project: Project, **more: Any) -> SendWords:
    """To everyone tagged ``news``, from the verified domain; ``more`` words are added, or take a usual one's place."""
    usual = SendWords(
        recipient_type="tag",
        recipient_id="news",
        from_="news@mail.example.com",
        from_name="Acme",
        subject="News",
        template="<p>News</p>",
        project_id=project.id,
    )
    return usual | more  # type: ignore[return-value]  # the same words, more of them
