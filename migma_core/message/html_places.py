"""
HTML places: a reader that finds, for each slot of an HTML template, where in the page its values will stand.

It follows the tokenizer of the HTML standard (WHATWG HTML §13.2.5) as far as places go. What no encoding makes safe it
refuses: a value within a script, a tag's name or an attribute without quotes.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from html import unescape
from typing import TypeAlias

from .landing import Landing
from .template import InvalidTemplate, Slot, Template

__all__ = ["Places", "html_places"]

_LINKS = frozenset(
    [
        "action",
        "background",
        "cite",
        "data",
        "dynsrc",
        "formaction",
        "href",
        "longdesc",
        "lowsrc",
        "poster",
        "src",
        "srcset",
        "xlink:href",
    ]
)
_RAW = frozenset({"iframe", "noembed", "noframes", "plaintext", "script", "style", "xmp"})
_TEXT_ONLY = frozenset({"textarea", "title"})
_SCHEMES = frozenset({"cid", "http", "https", "mailto", "sms", "tel"})
_BLANKS = frozenset(" \t\n\f\r")
_SCHEME = re.compile(r"\s*([A-Za-z][A-Za-z0-9+.-]*):")
_HOST = re.compile(r"[^/?#]*//[^/?#]*")
# what a style hides, white on what is mostly white included (C-12)
_HIDING = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|opacity\s*:\s*0(?:\.0*)?\s*(?:;|$)|font-size\s*:\s*0"
    r"|(?<![-\w])color\s*:\s*(?:#fff(?:fff)?\b|white\b)",
    re.IGNORECASE,
)
_VOID = frozenset({"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"})
_HELD = "\ufffc"  # stands for a value within the text read so far of an attribute

_State: TypeAlias = Callable[[str], "None"]


@dataclass(frozen=True, slots=True)
class Places:
    """
    A template whose slots know where they land; ``seen`` are the names that a reader sees or can follow, ``body_end``
    the part and place of the last ``</body>``, ``unfinished`` what the page ends within, if anything.
    """

    template: Template
    seen: frozenset[str]
    body_end: tuple[int, int] | None
    unfinished: str | None


def html_places(template: Template) -> Places:
    """
    Find where every slot lands. Raises `InvalidTemplate`, naming the placeholder, where no encoding is safe.

    >>> from .template import parse_template
    >>> placed = html_places(parse_template('<a href="{{link}}">{{name}}</a>')).template
    >>> [slot.landing.value for slot in placed.parts if isinstance(slot, Slot)]
    ['url', 'html']
    """
    reader = _Reader()
    parts: list[str | Slot] = []
    for number, part in enumerate(template.parts):
        if isinstance(part, Slot):
            parts.append(replace(part, landing=reader.land(part.name)))
        else:
            reader.read(part, number)
            parts.append(part)
    return Places(Template(tuple(parts)), frozenset(reader.seen), reader.body_end, reader.unfinished)


class _Reader:
    """The tokenizer: one method for each state, called with one character."""

    def __init__(self) -> None:
        self.seen: set[str] = set()
        self.body_end: tuple[int, int] | None = None
        self._state: _State = self._data
        self._name = ""  # of the tag
        self._is_closing = False
        self._attribute = ""
        self._quote = ""
        self._value = ""  # of the attribute, so far
        self._tail = ""  # the latest characters, where the end of something is looked for
        self._only_text: str | None = None  # the element whose content is no markup
        self._in_head = False
        self._links: set[str] = set()  # names in the links of the tag that is being read
        self._hides = False  # the tag that is being read
        self._hidden_by: tuple[str, int] | None = None  # an element, and how many of its name are open within
        self._at = self._tag_at = (0, 0)

    def read(self, text: str, number: int) -> None:
        """Go on over literal text, the part of this number."""
        for place, character in enumerate(text):
            self._at = number, place
            self._state(character)

    def land(self, name: str) -> Landing:
        """Where the value of a slot stands that comes next."""
        if self._state == self._quoted:
            landing = self._attribute_landing(name)
            self._value += _HELD
            return landing
        self._tail = ""
        if self._state in (self._data, self._comment):
            self._see({name} if self._state == self._data else set())
            return Landing.HTML
        if self._state == self._content and self._only_text in _TEXT_ONLY:
            return Landing.HTML
        raise InvalidTemplate(f"{{{{{name}}}}} stands {self._where()}, where no value is safe; {self._mending()}")

    @property
    def unfinished(self) -> str | None:
        """What the page ends within, in words."""
        return None if self._state in (self._data, self._less_than) else self._where()

    def _see(self, names: set[str]) -> None:
        if not self._in_head and self._hidden_by is None and not self._hides:
            self.seen |= names

    def _attribute_landing(self, name: str) -> Landing:
        attribute = self._attribute
        if attribute.startswith("on") or attribute == "srcdoc":
            raise InvalidTemplate(f"{{{{{name}}}}} stands in the attribute {attribute}, which runs; take it out")
        if attribute == "href" and self._name in {"a", "area"}:
            self._links.add(name)
        if attribute == "style":
            return Landing.STYLE
        return self._link_landing(name) if attribute in _LINKS else Landing.HTML

    def _link_landing(self, name: str) -> Landing:
        before = unescape(self._value).lstrip()
        if not before:
            return Landing.URL
        scheme = _SCHEME.match(before)
        if scheme is not None and scheme[1].lower() not in _SCHEMES:
            raise InvalidTemplate(f"{{{{{name}}}}} stands in a link that begins with {scheme[1][:20]}:, which may run")
        return Landing.URL_HOST if _HOST.fullmatch(before) else Landing.URL_PART

    def _where(self) -> str:
        if self._only_text is not None:
            return f"in <{self._only_text}>"
        if self._state in (self._comment, self._markup, self._bogus):
            return "in a comment or declaration"
        if self._state in (self._less_than, self._end_tag_open):
            return "right after <" if self._state == self._less_than else "right after </"
        return f"in the tag <{self._name}>"

    def _mending(self) -> str:
        if self._state == self._less_than:
            return "write &lt; for the sign itself"
        return "put it into text, or into an attribute in quotes"

    # States of the tokenizer, in the standard's order

    def _data(self, c: str) -> None:
        if c == "<":
            self._tag_at, self._state = self._at, self._less_than

    def _less_than(self, c: str) -> None:
        if c == "/":
            self._name, self._state = "", self._end_tag_open
        elif c.isascii() and c.isalpha():
            self._name, self._is_closing, self._state = c.lower(), False, self._tag_name
            self._hides = False
        elif c in "!?":
            self._tail, self._state = "", self._markup if c == "!" else self._bogus
        else:
            self._state = self._data
            self._data(c)

    def _end_tag_open(self, c: str) -> None:
        is_name = c.isascii() and c.isalpha()
        self._name, self._is_closing, self._state = c.lower(), True, self._tag_name if is_name else self._bogus
        if not is_name:
            self._bogus(c)

    def _markup(self, c: str) -> None:
        self._tail += c
        if self._tail == "--":
            self._state = self._comment
        elif self._tail != "-":
            self._state = self._bogus
            self._bogus(c)

    def _bogus(self, c: str) -> None:
        if c == ">":
            self._state = self._data

    def _comment(self, c: str) -> None:
        self._tail = (self._tail + c)[-4:]
        if self._tail.endswith(("-->", "--!>")):
            self._state = self._data

    def _tag_name(self, c: str) -> None:
        if c in _BLANKS or c == "/":
            self._state = self._before_name
        elif c == ">":
            self._end_tag()
        else:
            self._name += c.lower()

    def _before_name(self, c: str) -> None:
        self._note_hiding()
        if c == ">":
            self._end_tag()
        elif c not in _BLANKS and c != "/":
            self._attribute, self._value, self._state = c.lower(), "", self._attribute_name

    def _attribute_name(self, c: str) -> None:
        if c == "=":
            self._state = self._before_value
        elif c in _BLANKS:
            self._state = self._after_name
        elif c in "/>":
            self._state = self._before_name
            self._before_name(c)
        else:
            self._attribute += c.lower()

    def _after_name(self, c: str) -> None:
        if c == "=":
            self._state = self._before_value
        elif c not in _BLANKS:
            self._state = self._before_name
            self._before_name(c)

    def _before_value(self, c: str) -> None:
        if c in "\"'":
            self._quote, self._value, self._state = c, "", self._quoted
        elif c == ">":
            self._before_name(c)
        elif c not in _BLANKS:
            self._value, self._state = c, self._unquoted

    def _quoted(self, c: str) -> None:
        if c == self._quote:
            self._state = self._before_name
        else:
            self._value += c

    def _unquoted(self, c: str) -> None:
        if c == ">" or c in _BLANKS:
            self._state = self._before_name
            self._before_name(c)
        else:
            self._value += c

    def _content(self, c: str) -> None:
        """Text of an element that holds no markup, up to its own closing tag."""
        ending = f"</{self._only_text}"
        if self._tail.lower() == ending and (c in _BLANKS or c in "/>"):
            self._name, self._is_closing, self._state = ending[2:], True, self._before_name
            self._before_name(c)
            return
        self._tail = (self._tail + c)[-len(ending) :]

    def _note_hiding(self) -> None:
        """Whether the attribute just read hides its element."""
        is_style = self._attribute == "style" and bool(_HIDING.search(unescape(self._value)))
        self._hides = self._hides or self._attribute == "hidden" or is_style
        self._attribute = ""

    def _count_hidden(self) -> None:
        """Follow what is hidden to its end, elements of the same name within it included."""
        if self._hidden_by is None:
            hides = self._hides and not self._is_closing and self._name not in _VOID
            self._hidden_by = (self._name, 1) if hides else None
        elif self._hidden_by[0] == self._name:
            depth = self._hidden_by[1] + (-1 if self._is_closing else 1)
            self._hidden_by = (self._name, depth) if depth else None
        self._hides = False

    def _end_tag(self) -> None:
        self._state, self._only_text = self._data, None
        self._see(self._links)
        self._links.clear()
        self._count_hidden()
        if self._name == "head":
            self._in_head = not self._is_closing
        elif self._name == "body":
            self._in_head = False
            self.body_end = self._tag_at if self._is_closing else self.body_end
        if not self._is_closing and self._name in _RAW | _TEXT_ONLY:
            self._only_text, self._tail, self._state = self._name, "", self._content
