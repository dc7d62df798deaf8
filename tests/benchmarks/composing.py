"""Composing: rendering, MIME, JSON, a provider's batch and tokens, each against the usual way of doing the same."""

from __future__ import annotations

import base64
import hmac
import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from functools import partial
from html import escape, unescape
from typing import Any, NamedTuple
from urllib.parse import quote

import jinja2
from migma_sendgrid import encode

from migma_core import Batch, Compiled, Message, Token, TokenPurpose, mime_messages, mint_token
from migma_core.message.compliance import ONE_CLICK, feedback_id, list_id
from migma_core.message.program import JSON, PLAIN, Bodies
from tests.benchmarks.measuring import Figure, ceiling, floor, ratio_of
from tests.support.batches import KEYS, NOW, PROJECT, batch_for, compiled_for, delivery_id, person

__all__ = [
    "HTML",
    "SUBJECT",
    "TEXT",
    "Form",
    "bare_body",
    "bare_sendgrid",
    "figures",
    "form_of",
    "prepare_bare",
    "values",
]

# a newsletter of 10 KB with five variables: most of any mail is the same for all
HTML = (
    "<html><head><title>News</title></head><body><table>\n"
    "<tr><td>Hello {{first_name|there}}, a week of news from {{city}} about {{plan}}.</td></tr>\n"
    '<tr><td align="right"><a href="https://shop.example.com/offers/7?for={{code}}">Look at it</a></td></tr>\n'
    + "<tr><td>Words that are the same for all who read them, and there are many of those in any mail.</td></tr>\n" * 90
    + "<p>Your points: {{points}}</p></table></body></html>"
)
TEXT = "Hello {{first_name|there}}, news from {{city}}.\n" + "The same for all.\n" * 60 + "Points: {{points}}\n"
SUBJECT = "{{first_name|there}}, your week"


def figures() -> list[Figure]:
    """Every figure of composing, each against a peer that does the same in the same run."""
    compiled = compiled_for(SUBJECT, HTML, TEXT, transactional=True)
    many = batch_for(compiled, [values(number) for number in range(1000)])
    batch = Batch.of(compiled, many.messages[:200], NOW)
    letters = batch_for(compiled_for(SUBJECT, HTML, TEXT), [values(number) for number in range(1000)])
    _check(compiled, batch, letters)
    tokens = [Token(TokenPurpose.UNSUBSCRIBE, PROJECT, person(n).id, delivery_id(n)) for n in range(1000)]
    return [
        floor(
            "rendering, against Jinja2",
            ratio_of(_dropping(partial(_jinja, many)), _dropping(partial(_rendered, compiled, many))),
            12.0,
        ),
        floor(
            "MIME, against EmailMessage.as_bytes of bodies rendered beforehand",
            ratio_of(partial(_email_messages, list(_plainly(batch))), partial(mime_messages, batch), rounds=7),
            100.0,
        ),
        floor(
            "JSON, against rendering and json.dumps",
            ratio_of(_dropping(partial(_dumped, compiled, batch)), _dropping(partial(_spliced, compiled, batch))),
            5.0,
        ),
        floor(
            "a SendGrid batch of 1,000, against json.dumps of the same structure",
            ratio_of(partial(bare_sendgrid, letters), partial(encode, letters)),
            1.0,
        ),
        ceiling(
            "minting a token, of hmac.digest and base64 alone",
            ratio_of(partial(_minted, tokens), partial(_bare_macs, [_payload(one) for one in tokens])),
            2.0,
        ),
    ]


def values(number: int) -> dict[str, Any]:
    """One person's values."""
    return {
        "first_name": f"Ada {number}" if number % 7 else "",
        "city": "Köln" if number % 3 else "Aachen & Umland",
        "plan": "pro",
        "points": str(number),
        "code": f"c{number}",
    }


_ENVIRONMENT = jinja2.Environment(autoescape=True, keep_trailing_newline=True)


def _in_jinja(text: str) -> str:
    """The same template in Jinja2's own words."""
    return text.replace("={{code}}", "={{ code|urlencode }}").replace(
        "{{first_name|there}}", "{{ first_name or 'there' }}"
    )


_JINJA = tuple(_ENVIRONMENT.from_string(_in_jinja(one)) for one in (SUBJECT, TEXT, HTML))


def _dropping(make: Callable[[], Iterator[object]]) -> Callable[[], None]:
    """Make all, and keep none: a mail is handed over, not collected."""

    def drain() -> None:
        deque(make(), maxlen=0)

    return drain


def _jinja(batch: Batch) -> Iterator[tuple[str, str, str]]:
    subject, text, html = _JINJA
    for message in batch.messages:
        yield subject.render(message.values), text.render(message.values), html.render(message.values)


def _rendered(compiled: Compiled, batch: Batch) -> Iterator[tuple[str, str, str | None]]:
    run = Bodies(compiled, PLAIN).run
    for message in batch.messages:
        yield run(message.values)


def _plainly(batch: Batch) -> Iterator[tuple[Message, str, str, str | None]]:
    for message, (subject, text, html) in zip(batch.messages, _rendered(batch.compiled, batch), strict=True):
        yield message, subject, text, html


def _email_messages(them: Iterable[tuple[Message, str, str, str | None]]) -> list[bytes]:
    written = []
    for message, subject, text, html in them:
        mail = EmailMessage(policy=SMTP)
        mail["From"] = "Acme <news@acme.example.com>"
        mail["To"] = str(message.approval.address)
        mail["Subject"] = subject
        mail["Message-ID"] = message.message_id
        mail["Date"] = NOW
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(text)
        mail.add_alternative(html, subtype="html")
        written.append(mail.as_bytes())
    return written


def _dumped(compiled: Compiled, batch: Batch) -> Iterator[str]:
    for one, subject, text, html in _plainly(Batch.of(compiled, batch.messages, NOW)):
        body = {"to": str(one.approval.address), "subject": subject, "text": text, "html": html}
        yield json.dumps(body, ensure_ascii=False)


def _spliced(compiled: Compiled, batch: Batch) -> Iterator[str]:
    run = Bodies(compiled, JSON).run
    for one in batch.messages:
        subject, text, html = run(one.values)
        to = JSON.encode(str(one.approval.address))
        yield f'{{"to": "{to}", "subject": "{subject}", "text": "{text}", "html": "{html}"}}'


def bare_sendgrid(batch: Batch) -> bytes:
    """The same structure built as dictionaries and dumped: the same values, escaped for the same places."""
    return bare_body(
        form_of(batch),
        (
            (str(one.approval.address), one.delivery, one.values, one.values["unsubscribe_url"])
            for one in batch.messages
        ),
    )


class Form(NamedTuple):
    """What one writes by hand who knows SendGrid: the keys of the variables, the headers, and the shared part."""

    keys: list[str]
    headers: dict[str, str]
    shared: str


def form_of(batch: Batch) -> Form:
    """That of a batch which `prepare_bare` has seen."""
    return _FORMS[id(batch)]


def bare_body(form: Form, people: Iterable[tuple[str, str, Mapping[str, str], str]]) -> bytes:
    """The body for people: address, delivery, values and opt-out link of each."""
    written: list[dict[str, Any]] = []
    for address, delivery, v, link in people:
        name = v["first_name"] or "there"
        texts = (name, name, v["city"], v["points"], link)
        pages = (escape(name), escape(v["city"]), escape(v["plan"]), quote(v["code"], safe="/@"), escape(v["points"]))
        its = (*texts, *pages, escape(link))
        written.append(
            {
                "to": [{"email": address}],
                "custom_args": {"migma_delivery": delivery},
                "substitutions": dict(zip(form.keys, its, strict=True)),
                "headers": {"List-Unsubscribe": f"<{link}>", **form.headers},
            }
        )
    whole = {"personalizations": written, **json.loads(form.shared)}
    return json.dumps(whole, ensure_ascii=False, separators=(",", ":")).encode()


_FORMS: dict[int, Form] = {}


def _minted(tokens: list[Token]) -> None:
    for one in tokens:
        mint_token(one, KEYS)


def _payload(token: Token) -> bytes:
    return base64.urlsafe_b64decode(mint_token(token, KEYS) + "==")[:67]


def _bare_macs(payloads: list[bytes]) -> None:
    key = bytes(range(32))
    for one in payloads:
        base64.urlsafe_b64encode(one + hmac.digest(key, one, "sha256")[:16]).rstrip(b"=").decode()


def _check(compiled: Compiled, batch: Batch, letters: Batch) -> None:
    """Both sides say the same, or there is nothing to compare."""
    for ours, peers in zip(_rendered(compiled, batch), _jinja(batch), strict=True):
        assert [unescape(one or "") for one in ours] == [unescape(one) for one in peers]
    few = Batch.of(compiled, batch.messages[:5], NOW)
    for one, other in zip(mime_messages(few), _email_messages(_plainly(few)), strict=True):
        assert _read(one) == _read(other)
    assert [json.loads(one) for one in _spliced(compiled, few)] == [json.loads(one) for one in _dumped(compiled, few)]
    prepare_bare(letters)


def prepare_bare(letters: Batch) -> None:
    """Learn the keys and the shared part that the bare way is to write; both ways then write the same."""
    whole = json.loads(encode(letters))
    keys = list(whole["personalizations"][0]["substitutions"])
    request = letters.compiled.request
    lines = (ONE_CLICK, list_id(request), feedback_id(request))
    headers = dict(line.decode().split(": ", 1) for line in lines)
    shared = json.dumps({name: value for name, value in whole.items() if name != "personalizations"})
    _FORMS[id(letters)] = Form(keys, headers, shared)
    assert json.loads(bare_sendgrid(letters)) == whole


def _read(octets: bytes) -> list[Any]:
    mail = message_from_bytes(octets, policy=SMTP)
    texts = [part.get_payload(decode=True) for part in mail.walk() if part.get_content_maintype() == "text"]
    words = [one.decode().replace("\r\n", "\n").rstrip("\n") for one in texts if isinstance(one, bytes)]
    return [mail["Subject"], mail["To"], mail["Date"], *words]
