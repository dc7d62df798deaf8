"""Pages: rendered on the server, without script, and with nothing loaded from anywhere."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from migma_core.request import Brand

from .colour import readable_on
from .languages import WORDS

__all__ = ["page"]

_TEMPLATES = Path(__file__).parent / "templates"
_STYLE = (_TEMPLATES / "page.css").read_text(encoding="utf-8")
_PAGES = Environment(loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined)

# A page is one person's: kept by nobody, indexed by nobody, and its address told to nobody (D-09)
_HEADERS: Final[Mapping[str, str]] = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
    "X-Content-Type-Options": "nosniff",
    "Vary": "Accept-Language",
}


def page(name: str, language: str, brand: Brand | None, *, status: int = 200, **given: Any) -> HTMLResponse:
    """
    Write a page in a language, in a brand's look. Whatever is given stands as text: Jinja escapes it.

    ``brand`` is ``None`` where a page must not say whose it is.
    """
    style = _styled("" if brand is None else brand.colour)
    fields = _Fields(given, brand="" if brand is None else brand.name)
    words = {key: text.format_map(fields) for key, text in WORDS[language].items()}
    body = _PAGES.get_template(f"{name}.html").render(words=words, language=language, style=style, brand=brand, **given)
    return HTMLResponse(body, status, {**_HEADERS, "Content-Language": language, **_policy(style)})


@cache
def _policy(style: str) -> Mapping[str, str]:
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    allowed = f"style-src 'sha256-{digest}'; img-src data:; form-action 'self'"
    return {"Content-Security-Policy": f"default-src 'none'; {allowed}; base-uri 'none'; frame-ancestors 'none'"}


@cache
def _styled(colour: str) -> str:
    return f"{_STYLE}:root {{ --deep: {colour}; --on-deep: {readable_on(colour)} }}\n" if colour else _STYLE


class _Fields(dict[str, Any]):
    """Fields of a text; one that a page does not give stays empty, since its text is not shown there."""

    def __missing__(self, key: str) -> str:
        return ""
