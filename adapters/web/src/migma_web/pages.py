"""Pages: rendered on the server, without script, and with nothing loaded from anywhere."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from .languages import WORDS

__all__ = ["page"]

_TEMPLATES = Path(__file__).parent / "templates"
_STYLE = (_TEMPLATES / "page.css").read_text(encoding="utf-8")
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_PAGES = Environment(loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined)

# A page is one person's: kept by nobody, indexed by nobody, and its address told to nobody (D-09)
_HEADERS: Final[Mapping[str, str]] = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; base-uri 'none';"
        " frame-ancestors 'none'"
    ),
}


def page(name: str, language: str, *, status: int = 200, retry_after: int | None = None, **given: Any) -> HTMLResponse:
    """Write a page in a language. Whatever is given stands as text: Jinja escapes it."""
    words = {key: text.format_map(_Fields(given)) for key, text in WORDS[language].items()}
    body = _PAGES.get_template(f"{name}.html").render(words=words, language=language, style=_STYLE, **given)
    more = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return HTMLResponse(body, status, {**_HEADERS, "Content-Language": language, "Vary": "Accept-Language", **more})


class _Fields(dict[str, Any]):
    """Fields of a text; one that a page does not give stays empty, since its text is not shown there."""

    def __missing__(self, key: str) -> str:
        return ""
