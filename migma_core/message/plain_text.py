"""Plain text from HTML, for the recipients and filters that read it; links are kept."""

from __future__ import annotations

import re
from html.parser import HTMLParser

__all__ = ["plain_text"]

_BREAKS = {"p", "div", "table", "ul", "ol", "blockquote", "section", "article", "header", "footer"}
_HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}
_LINES = {"br", "tr", "li", "hr"}
_SILENT = {"head", "style", "script", "title", "template"}


def plain_text(html: str) -> str:
    """
    Derive a readable text part. Placeholders pass through untouched.

    >>> plain_text('<h1>News</h1><p>Hi {{name}}, <a href="https://example.com/a">read on</a>.</p><ul><li>one</li></ul>')
    'News\\n\\nHi {{name}}, read on (https://example.com/a).\\n\\n- one\\n'
    """
    reader = _Reader()
    reader.feed(html)
    reader.close()
    text = "".join(reader.pieces)
    lines = (re.sub(r"[ \t\f\v\u00a0]+", " ", line).strip() for line in text.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._silent = 0
        self._links: list[tuple[str, int]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "body":
            self._silent = 0  # HTML lets authors leave out </head>
        elif tag in _SILENT:
            self._silent += 1
        elif tag in _BREAKS | _HEADINGS:
            self._say("\n\n")
        elif tag in _LINES:
            self._say("\n- " if tag == "li" else "\n")
        elif tag == "a":
            self._links.append((given.get("href") or "", len(self.pieces)))
        elif tag == "img":
            self._say(given.get("alt") or "")

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self._silent = max(0, self._silent - 1)
        elif tag in _BREAKS | _HEADINGS:
            self._say("\n\n")
        elif tag in {"td", "th"}:
            self._say(" ")
        elif tag == "a" and self._links:
            self._close_link(*self._links.pop())

    def handle_data(self, data: str) -> None:
        self._say(re.sub(r"\s+", " ", data))

    def _say(self, text: str) -> None:
        if not self._silent:
            self.pieces.append(text)

    def _close_link(self, href: str, since: int) -> None:
        said = "".join(self.pieces[since:]).strip()
        if href and not href.startswith("#") and href.removeprefix("mailto:") != said:
            self._say(f" ({href})" if said else href)
