"""What a marketing message must carry: one-click headers, a link and an address (R26 to R31; compliance C, N-01)."""

from __future__ import annotations

import hashlib
import re
from html import escape
from typing import Final

from ..audience.topic import TopicId
from ..request.brand import Brand
from ..request.send_request import SendRequest
from .headers import HeaderRefused, structured
from .html_places import Places, html_places
from .template import InvalidTemplate, Slot, Template, parse_template

__all__ = [
    "ONE_CLICK",
    "OURS",
    "POSTAL_ADDRESS",
    "PREFERENCES_URL",
    "TRACKING_PIXEL",
    "UNSUBSCRIBE_URL",
    "check_link",
    "feedback_id",
    "list_id",
    "one_click_headers",
    "with_advertisement",
    "with_html_footer",
    "with_pixel",
    "with_text_footer",
]

UNSUBSCRIBE_URL: Final = "unsubscribe_url"
"""The placeholder that becomes the recipient's own opt-out link."""

PREFERENCES_URL: Final = "preferences_url"
"""The placeholder that becomes the recipient's own link to what they want to hear of."""

POSTAL_ADDRESS: Final = "postal_address"
"""The placeholder that becomes the sender's postal address."""

TRACKING_PIXEL: Final = "tracking_pixel"
"""The place of a tracking pixel at the end of a page: compiled, and empty as long as nothing tracks (O-10)."""

OURS: Final = frozenset({UNSUBSCRIBE_URL, PREFERENCES_URL, POSTAL_ADDRESS, TRACKING_PIXEL})
"""Placeholders that we fill; no variable and no contact value does."""

ONE_CLICK: Final = b"List-Unsubscribe-Post: List-Unsubscribe=One-Click"
"""RFC 8058 §5, to the octet."""

_LINK = Template((Slot(UNSUBSCRIBE_URL),))


def one_click_headers(url: str, *, loopback: bool = False) -> tuple[bytes, bytes]:
    """
    The two headers of a marketing message (R28; RFC 8058 §3.1): both or neither, one https URI, never folded.

    With ``loopback`` the link may be an http one, for mail that never leaves this machine (`Brand`).

    >>> one_click_headers("https://mail.example.com/u/abc")[0]
    b'List-Unsubscribe: <https://mail.example.com/u/abc>'
    """
    check_link(url, loopback=loopback)
    return structured("List-Unsubscribe", f"<{url}>"), ONE_CLICK


def check_link(url: str, *, loopback: bool = False) -> None:
    """Raise `HeaderRefused` for what cannot stand in ``List-Unsubscribe``; asked about every recipient's own link."""
    found = _PLAIN_LINK.fullmatch(url)
    if found is None or not (found[1] or loopback):
        raise HeaderRefused("List-Unsubscribe needs an https link of plain ASCII characters (RFC 8058 §3.1)")
    if len(url) > _SHORT:
        structured("List-Unsubscribe", f"<{url}>")  # which knows what a line holds


_SHORT: Final = 900
# what is printable in ASCII, less what would end the header's value, or make two of it
_PLAIN_LINK = re.compile(r"http(s)?://[!#-+\--;=?-~]*")


def list_id(request: SendRequest) -> bytes:
    """List-ID, stable per topic or project, in the sender's domain (RFC 2919; compliance C-11)."""
    label = _list_label(request.topic, request.project)
    return structured("List-ID", f"<{label}.{request.sender.domain}>")


def feedback_id(request: SendRequest) -> bytes:
    """
    Feedback-ID of marketing: topic, stream and sender, so that complaints are counted per list (H-03).

    The last field names the project by a digest of 15 characters; nothing in it is one recipient's own.
    """
    topic = _list_label(request.topic, "all") if request.topic is not None else "all"
    sender = hashlib.sha256(request.project.encode()).hexdigest()[:15]
    return structured("Feedback-ID", f"{topic}:marketing:{sender}")


def with_html_footer(page: Places, brand: Brand) -> Template:
    """
    Add what the page does not show itself, before ``</body>``: the postal address and the opt-out link (R29, R30); and
    the line that names an advertisement, where the brand has one (N-04).

    Raises `InvalidTemplate` for a page that ends within a tag, a comment or a script: nobody would see what follows.
    """
    if page.unfinished is not None:
        raise InvalidTemplate(f"the HTML ends {page.unfinished}, where no reader would see an opt-out link; close it")
    return _at_the_end(page, _html_footer(page.seen, brand))


def with_advertisement(page: Places, brand: Brand) -> Template:
    """
    Add the line that names an advertisement alone, where the brand has one (N-04): for a provider that brings its own
    footer (design D16).
    """
    return _at_the_end(page, _advertisement(brand))


def _at_the_end(page: Places, footer: Template) -> Template:
    parts = page.template.parts
    if page.body_end is None or not footer.parts:
        return page.template + footer
    number, place = page.body_end
    text = parts[number]
    assert isinstance(text, str)  # noqa: S101 - a tag ends in literal text; narrows the type
    return Template((*parts[:number], text[:place], *footer.parts, text[place:], *parts[number + 1 :]))


def with_pixel(template: Template) -> Template:
    """Add the place of a tracking pixel, at the very end. What fills it is ours, hence written as it is."""
    return template + Template((Slot(TRACKING_PIXEL),))


def with_text_footer(template: Template, brand: Brand) -> Template:
    """The same for the text part."""
    footer = Template((f"\n{brand.advertisement}\n",) if brand.advertisement.strip() else ())  # N-04
    if POSTAL_ADDRESS not in template.names:
        footer += Template((f"\n--\n{brand.name}\n{brand.postal_address}\n",))
    if UNSUBSCRIBE_URL not in template.names:
        footer += Template(("\nUnsubscribe: ",)) + _LINK + Template(("\n",))
    return template + footer


def _html_footer(names: frozenset[str], brand: Brand) -> Template:
    footer = _advertisement(brand)
    if POSTAL_ADDRESS not in names:
        lines = "<br>".join(escape(line) for line in (brand.name, *brand.postal_address.splitlines()))
        footer += Template((f'\n<p style="{_STYLE}">{lines}</p>',))
    if UNSUBSCRIBE_URL not in names:
        said = f'\n<p style="{_STYLE}"><a href="{{{{{UNSUBSCRIBE_URL}}}}}">Unsubscribe</a></p>\n'
        footer += html_places(parse_template(said)).template
    return footer


def _advertisement(brand: Brand) -> Template:
    shown = brand.advertisement.strip()
    return Template((f'\n<p style="{_STYLE}">{escape(brand.advertisement)}</p>',) if shown else ())


# Dark on light, at a readable size: a link that cannot be seen is no link (C-12).
_STYLE = "font-family:sans-serif;font-size:13px;line-height:1.5;color:#444"


def _list_label(topic: TopicId | None, project: str) -> str:
    # Only dot-atoms may stand in a List-ID; hex ids are, and anything else is written in hex (reversible, C-11).
    raw = topic or project
    return raw if re.fullmatch(r"[A-Za-z0-9-]{1,63}", raw) else f"x{raw.encode().hex()}"[:63]
