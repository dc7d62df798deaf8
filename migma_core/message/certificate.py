"""
The certificate: whether the octets that leave hold what the law and the mailbox providers ask for.

It looks at the end of the line, at what a mailbox would receive, and shares no code with what wrote it: MIME is read by
Python's own parser, and each provider's JSON or form by a reader of its adapter.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.message import Message as ParsedMail
from email.utils import getaddresses
from html.parser import HTMLParser
from typing import Final, NamedTuple

from ..decision.purpose import Purpose
from ..request.content import Attachment
from .message import Message

__all__ = ["Delivered", "certify", "certify_delegated", "certify_mime", "read_mime"]

_LONGEST_LINE: Final = 998
_HIDDEN = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|opacity\s*:\s*0(?:\.0*)?\s*(?:;|$)|font-size\s*:\s*0"
    r"|(?<![-\w])color\s*:\s*(?:#fff(?:fff)?\b|white\b)",
    re.IGNORECASE,
)
_LINK = re.compile(r"https?://[^\s<>()\"]+")
_ONCE = ("date", "from", "message-id", "mime-version", "subject", "to")  # RFC 5322 §3.6, compliance G-07


class Delivered(NamedTuple):
    """
    One message as a mailbox would receive it. ``recipients`` are the addresses it goes to, as far as the octets tell,
    and ``cc`` those of them that are copied for all to see; ``headers`` name and value of every header in order, as
    they stand but unfolded; ``text`` and ``html`` the decoded bodies. ``sender`` is a name and an address, ``delivery``
    our own id; these and what follows are ``None`` or empty where a reader does not tell.
    """

    recipients: tuple[str, ...]
    headers: tuple[tuple[str, str], ...]
    subject: str
    text: str | None
    html: str | None
    sender: tuple[str, str] | None = None
    reply_to: str | None = None
    delivery: str | None = None
    files: tuple[Attachment, ...] = ()
    labels: tuple[str, ...] = ()
    metadata: tuple[tuple[str, str], ...] = ()
    cc: tuple[str, ...] = ()

    def all(self, name: str) -> list[str]:
        """Every value of a header, by its name in any case."""
        return [value for known, value in self.headers if known.lower() == name.lower()]


def certify(delivered: Delivered, message: Message) -> tuple[str, ...]:
    """
    Say everything that is wrong with what would be delivered for this message; empty where it is right.

    For marketing: exactly one of each one-click header, the link where a reader sees it in both bodies, the postal
    address, List-ID, Feedback-ID (C-01 to C-04, C-11, C-12, H-03, N-01). For transactional mail: none of these, and
    robots told not to answer (C-10, H-04). For both: the approved recipient, the approved copies, nobody else, and the
    subject that was meant.
    """
    is_marketing = message.approval.purpose is Purpose.MARKETING
    asked = _marketing(delivered, message) if is_marketing else _transactional(delivered)
    return (*_common(delivered, message), *asked)


def certify_delegated(delivered: Delivered, message: Message) -> tuple[str, ...]:
    """
    The same for a provider that adds the opt-out, its headers and the footer itself (design D16): what leaves for it
    holds none of ours, so that no mailbox has two. One recipient, the approved one, and the subject that was meant.
    """
    ours = [name for name, _ in delivered.headers]
    link = message.unsubscribe_url if message.approval.purpose is Purpose.MARKETING else None
    bodies = (delivered.text or "") + (delivered.html or "")
    return (
        *_common(delivered, message),
        *(f"it carries {name}, which the provider adds itself" for name in ours),
        *_says("our opt-out link stands beside the provider's", link is not None and link in bodies),
    )


def certify_mime(octets: bytes, message: Message) -> tuple[str, ...]:
    """The same for RFC 5322 octets, and what these ask for by themselves: lines, line ends, headers that stand once."""
    delivered = read_mime(octets)
    head = octets.partition(b"\r\n\r\n")[0]
    return (
        *certify(delivered, message),
        *_says("a line is not ended by CRLF", re.search(rb"(?<!\r)\n|\r(?!\n)", octets)),
        *_says("it holds a NUL", b"\0" in octets),
        *_says(f"a line is longer than {_LONGEST_LINE} octets", max(map(len, octets.split(b"\r\n"))) > _LONGEST_LINE),
        *_says("a List header is folded", re.search(rb"(?im)^list-[^\r\n]*\r\n[ \t]", head)),
        *(f"{name} stands {len(delivered.all(name))} times" for name in _ONCE if len(delivered.all(name)) != 1),
    )


def read_mime(octets: bytes) -> Delivered:
    """Read a message with Python's own parser, headers as they stand."""
    from email import message_from_bytes, policy
    from email.header import decode_header, make_header
    from email.utils import parseaddr

    parsed = message_from_bytes(octets, policy=policy.compat32)
    headers = tuple((name, re.sub(r"\r?\n(?=[ \t])", "", str(value))) for name, value in parsed.items())
    addressed = [value for name, value in headers if name.lower() in {"to", "cc", "bcc"}]
    bodies: dict[str, str] = {}
    for part in parsed.walk():
        if part.get_content_maintype() == "text" and part.get_content_disposition() is None:
            payload = part.get_payload(decode=True)
            assert isinstance(payload, bytes)  # noqa: S101 - a text part is a leaf
            bodies.setdefault(part.get_content_subtype(), payload.decode("utf-8", "replace"))
    once = {name.lower(): value for name, value in headers}
    name, address = parseaddr(once.get("from", ""))
    return Delivered(
        tuple(address for _, address in getaddresses(addressed)),
        headers,
        str(make_header(decode_header(once.get("subject", "")))),
        bodies.get("plain"),
        bodies.get("html"),
        (str(make_header(decode_header(name))), address) if address else None,
        once.get("reply-to"),
        once.get("x-migma-delivery"),
        tuple(_files(parsed)),
        tuple(one for one in once.get("x-migma-labels", "").split(", ") if one),
        tuple((name[17:], value) for name, value in headers if name.lower().startswith("x-migma-metadata-")),
        tuple(address for _, address in getaddresses([once["cc"]] if "cc" in once else [])),
    )


def _files(parsed: ParsedMail) -> Iterator[Attachment]:
    """Files and inline images, decoded."""
    for part in parsed.walk():
        if part.get_content_disposition() is not None:
            payload = part.get_payload(decode=True)
            assert isinstance(payload, bytes)  # noqa: S101 - a file is a leaf
            shown = part.get("Content-ID")
            name = part.get_filename() or ""
            yield Attachment(name, payload, part.get_content_type(), shown.strip("<>") if shown else None)


def _common(delivered: Delivered, message: Message) -> Iterator[str]:
    shown = (str(message.approval.address), *map(str, message.cc))
    # where the envelope stands apart from the octets, blind copies are in the envelope alone
    everybody = {shown, (*shown, *map(str, message.bcc))}
    yield from _says("it does not go to the approved addresses alone", delivered.recipients not in everybody)
    yield from _says("it does not show who is copied", delivered.cc != shown[1:])
    yield from _says(
        "it shows another recipient", [a for _, a in getaddresses(delivered.all("to"))] not in ([], [shown[0]])
    )
    yield from _says("the subject is not what was meant", delivered.subject != message.subject)
    yield from _says("it has no body", not (delivered.text or delivered.html))
    yield from _says("it has a blind copy or another sender", delivered.all("bcc") or delivered.all("sender"))


def _marketing(delivered: Delivered, message: Message) -> Iterator[str]:
    link = message.unsubscribe_url or ""
    yield from _says("List-Unsubscribe is not the link alone, once", delivered.all("list-unsubscribe") != [f"<{link}>"])
    posts = delivered.all("list-unsubscribe-post")
    yield from _says("List-Unsubscribe-Post is not the literal, once", posts != ["List-Unsubscribe=One-Click"])
    for name in ("List-ID", "Feedback-ID"):
        yield from _says(f"{name} does not stand once", len(delivered.all(name)) != 1)
    yield from _says("a marketing message says it was sent by a robot", delivered.all("auto-submitted"))
    address = message.values.get("postal_address", "").splitlines()
    for kind, shown, links in (
        ("text", _folded(delivered.text or ""), _LINK.findall(delivered.text or "")),
        ("html", *_seen(delivered.html)),
    ):
        if kind == "html" and delivered.html is None:
            continue
        yield from _says(f"no reader sees the opt-out link in the {kind}", link not in links)
        yield from _says(f"the postal address is not in the {kind}", any(_folded(one) not in shown for one in address))


def _transactional(delivered: Delivered) -> Iterator[str]:
    names = {name.lower() for name, _ in delivered.headers}
    for name in sorted(names):
        yield from _says(f"a transactional message carries {name}", name.startswith("list-") or name == "precedence")
    robots = delivered.all("auto-submitted")
    yield from _says("robots are not told that nobody waits for an answer", robots != ["auto-generated"])


def _says(what: str, found: object) -> tuple[str, ...]:
    return (what,) if found else ()


def _folded(text: str) -> str:
    return " ".join(text.split())


def _seen(html: str | None) -> tuple[str, list[str]]:
    """What a reader sees of a page, and the links one can follow."""
    reader = _Page()
    reader.feed(html or "")
    reader.close()
    return _folded("".join(reader.text)), reader.links


class _Page(HTMLParser):
    """A second reader of pages: text outside of what is hidden, and links with something to click on."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.text: list[str] = []
        self.links: list[str] = []
        self._open: list[tuple[str, bool]] = []  # tags open, and whether each hides what is in it
        self._link: tuple[str, int] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        hides = tag in _UNSEEN or "hidden" in given or bool(_HIDDEN.search(given.get("style") or ""))
        if tag == "br":
            self.text.append(" ")
        if tag == "img":
            self.handle_data(given.get("alt") or "image")
        if tag not in _VOID:
            self._open.append((tag, hides))
        if tag == "a":
            self._link = (given.get("href") or "", len(self.text))

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self._link is not None:
            href, since = self._link
            self.links += [href] if "".join(self.text[since:]).strip() else []
            self._link = None
        names = [name for name, _ in self._open]
        if tag in names:
            del self._open[len(names) - 1 - names[::-1].index(tag) :]

    def handle_data(self, data: str) -> None:
        if not any(hides for _, hides in self._open):
            self.text.append(data)


_UNSEEN = frozenset({"head", "script", "style", "template", "title"})
_VOID = frozenset({"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"})
