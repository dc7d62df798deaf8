"""Laws of substitution: expanded by a provider's own rules, shared content is what plain rendering says."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping
from html import unescape
from typing import TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migma_core import Batch, Brand, HeaderRefused, Scalar, compile_content
from migma_core.message.substitution import MAILGUN, SENDGRID, SES, Syntax, substituted
from tests.support.batches import BRAND, batch_for, compiled_for, request_for
from tests.support.texts import header_texts, texts

Expander: TypeAlias = Callable[[str, Mapping[str, str]], str]

SUBJECT = "{{name}} for {{name|you}}"
TEXT = "~{{x}}{{y}}t1;{{x}}\nHello {{name|you}}, {{unsubscribe_url}} {{y|~t0;}}"
HTML = (
    "<p title='{{x}}' style='a{{x}}'>{{y}}h0;{{x|<none>}}</p>{{name}}<a href='{{x}}'>{{postal_address}}</a>"
    '<a href="{{unsubscribe_url}}?a={{x}}">out</a>'
)
KEYLIKE = [
    *("~s0;", "~t0;", "~h1;", "~", "t0;", "~^|`*@", "~^|`*@\ue000", "\ue000t0;", "0;", ";", "1;~t1"),
    *("%recipient.", "%recipient.s0%", "%recipient", "recipient%", "%", "m", "%unsubscribe", "_url%"),
    *("{", "{{", "{{{s0}}}", "}}}", "{{s0}}", "\\", "\\{{{s0}}}", "{{!", "brace}}}", "{{{"),
]
PEOPLE = st.lists(
    st.fixed_dictionaries(
        {"name": header_texts(40), "x": texts(), "y": texts() | st.lists(st.sampled_from(KEYLIKE)).map("".join)}
    ),
    min_size=1,
    max_size=3,
)
# two braces in a row would be a placeholder of ours
LITERALS = st.lists(st.sampled_from(KEYLIKE) | st.text("ab <>&%~{", max_size=4)).map(
    lambda parts: re.sub(r"{(?={)", "{ ", "".join(parts)).rstrip("{")
)


def plainly(batch: Batch) -> list[tuple[str, str, str]]:
    """Subject, text and HTML of each message, rendered here."""
    compiled = batch.compiled
    assert compiled.html is not None
    templates = compiled.subject, compiled.text, compiled.html
    return [tuple(one.render(message.values) for one in templates) for message in batch.messages]  # type: ignore[misc]  # three each


def expanded(batch: Batch, syntax: Syntax, expander: Expander) -> list[tuple[str, str, str]]:
    """The same, out of the shared content."""
    content = substituted(batch, syntax)
    assert content.html is not None
    shared = content.subject, content.text, content.html
    return [
        tuple(expander(one, {**content.constants, **dict(zip(content.keys, values, strict=True))}) for one in shared)  # type: ignore[misc]  # three each
        for values in content.values
    ]


def replaced(text: str, values: Mapping[str, str]) -> str:
    """SendGrid: keys are replaced one after the other, in no order that is promised."""
    pairs = list(values.items())
    random.Random(len(text)).shuffle(pairs)  # noqa: S311 - an order, not a secret
    for key, value in pairs:
        text = text.replace(key, value)
    return text


def looked_up(text: str, values: Mapping[str, str]) -> str:
    """Mailgun: variables of the recipient, and its own; what it does not know stays."""
    own = r"%(?:recipient(?:_\w+)?|(?:mailing_list_|tag_)?unsubscribe_(?:url|email))%"

    def one(found: re.Match[str]) -> str:
        return values.get(found[1], found[0]) if found[1] else "MAILGUN"

    return re.sub(rf"%recipient\.(\w+)%|{own}", one, text)


def braced(text: str, values: Mapping[str, str]) -> str:
    """Handlebars: three braces hold a variable, two one that is escaped, and a backslash escapes what opens."""

    def one(found: re.Match[str]) -> str:
        if found[1]:
            return found[0][1:]
        return values.get(found[2], "UNKNOWN") if found[2] else "ESCAPED"

    return re.sub(r"(\\?)(?:\{\{\{\s*(\w+)\s*\}\}\}|\{\{)", one, text)


@pytest.mark.parametrize(("syntax", "expander"), [(SENDGRID, replaced), (SES, braced)], ids=["sendgrid", "ses"])
@given(people=PEOPLE, marketing=st.booleans(), literal=LITERALS)
def test_each_recipient_reads_what_plain_rendering_says(
    syntax: Syntax, expander: Expander, people: list[dict[str, Scalar]], marketing: bool, literal: str
) -> None:
    """Whatever literals and values hold, and where they meet: subject, text and HTML are those of plain rendering."""
    html = f"{HTML}<p>{literal.replace('<', '(')}{{{{x}}}}</p>"
    compiled = compiled_for(SUBJECT, html, f"{literal}{{{{y}}}}{TEXT}{literal}", transactional=not marketing)
    batch = batch_for(compiled, people)
    assert expanded(batch, syntax, expander) == plainly(batch)


@given(people=PEOPLE, literal=LITERALS)
def test_with_mailgun_the_same_is_read_or_the_text_is_refused(people: list[dict[str, Scalar]], literal: str) -> None:
    """HTML reads the same once its entities are; what would be replaced in plain text is refused by its name."""
    compiled = compiled_for(SUBJECT, f"{HTML}<p>{literal.replace('<', '(')}{{{{x}}}}</p>", f"{literal}{{{{y}}}}{TEXT}")
    batch = batch_for(compiled, people)
    try:
        found = expanded(batch, MAILGUN, looked_up)
    except HeaderRefused:  # what it says is another test's claim
        return
    for (subject, text, html), meant in zip(found, plainly(batch), strict=True):
        assert (subject, text) == meant[:2]
        assert unescape(html) == unescape(meant[2])
        assert "MAILGUN" not in html


@pytest.mark.parametrize("own", ["%unsubscribe_url%", "%recipient%", "%recipient_name%", "%tag_unsubscribe_url%"])
def test_what_mailgun_would_replace_is_broken_or_refused(own: str) -> None:
    """In HTML an entity stands for its percent sign, in plain text the mark is refused, in literals as in values."""
    by_literal = batch_for(compiled_for("Hi", f"<p>{own}</p>", "Hi"))
    assert expanded(by_literal, MAILGUN, looked_up)[0][2].count("&#37;") == 1
    by_value = batch_for(compiled_for("Hi", "<p>{{x}}</p>", "Hi"), [{"x": own}])
    assert expanded(by_value, MAILGUN, looked_up)[0][2].count("&#37;") == 1
    for text, value in ((own, ""), ("{{x}}", own), (f"{own[:-1]}{{{{x}}}}", "a")):
        with pytest.raises(HeaderRefused, match=f"the text holds {own[:-1]}"):
            substituted(batch_for(compiled_for("Hi", "<p>Hi</p>", text), [{"x": value}]), MAILGUN)


@pytest.mark.parametrize("syntax", [SENDGRID, MAILGUN, SES], ids=["sendgrid", "mailgun", "ses"])
@given(people=PEOPLE)
def test_the_same_batch_is_written_the_same(syntax: Syntax, people: list[dict[str, Scalar]]) -> None:
    """Compiled and written twice, content, keys and values are equal, for providers that recognise a repeated body."""
    try:
        once, again = (substituted(batch_for(compiled_for(SUBJECT, HTML, TEXT), people), syntax) for _ in range(2))
    except HeaderRefused:
        assert syntax is MAILGUN
        return
    assert once == again
    assert len(set(once.keys)) == len(once.keys)


def test_a_mark_is_found_in_any_text() -> None:
    """However many marks are taken, the next one in a fixed order begins the keys."""
    for taken, mark in (("", "~"), ("~^|`", "*"), ("~^|`*@", "\ue000"), ("~^|`*@\ue000", "\ue001")):
        batch = batch_for(compiled_for("{{name}}", "<p></p>", "Hi", transactional=True), [{"name": "Ada"}])
        assert substituted(batch, SENDGRID, [taken]).keys == (f"{mark}s0;",)


@pytest.mark.parametrize("syntax", [SENDGRID, MAILGUN, SES], ids=["sendgrid", "mailgun", "ses"])
def test_text_alone_is_shared_without_a_page(syntax: Syntax) -> None:
    """A content without HTML has a subject and a text, in every syntax."""
    compiled = compiled_for("Hi {{name}}", "", "Hello {{name}}", transactional=True)
    content = substituted(batch_for(compiled, [{"name": "Ada"}]), syntax)
    assert content.html is None
    assert content.values == (("Ada", "Ada"),)


@pytest.mark.parametrize("ending", ["{", "\\", "{{s0}}", "\\\\", "{{"])
def test_what_would_open_a_key_is_a_constant_for_ses(ending: str) -> None:
    """A brand may end in anything: braces and backslashes before a key are written so that none of them opens one."""
    brand = Brand("Acme", f"1 Main Street {ending}", BRAND.base_url)
    compiled = compile_content(request_for(html="<p>{{name}}</p>", text="{{name}}"), brand)
    batch = batch_for(compiled, [{"name": "Ada"}])
    assert expanded(batch, SES, braced) == plainly(batch)
