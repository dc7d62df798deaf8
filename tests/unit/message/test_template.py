"""Templates: literals and slots, and nothing that runs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from migma_core import (
    BUILT_IN_PROVIDER,
    Address,
    Attachment,
    Content,
    InvalidTemplate,
    OneAddress,
    Scalar,
    SealedError,
    Template,
    compile_content,
    missing_names,
    parse_template,
)
from migma_core.message.landing import Landing
from migma_core.message.template import Slot, as_text
from tests.support.batches import BRAND, NOW, SENDER, compiled_for, request_for

_TO_ONE = OneAddress(Address("somebody", "mail.net"))


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", ()),
        ("plain { } }} text", ("plain { } }} text",)),
        ("{{a}}", (Slot("a"),)),
        ("{{ a }}{{a|}}", (Slot("a"), Slot("a", ""))),
        ("x{{first_name | dear friend }}y", ("x", Slot("first_name", "dear friend"), "y")),
        ("{{a|b|c}}", (Slot("a", "b|c"),)),
        ("{{a\n|\nb}}", (Slot("a", "b"),)),
        ("{{plan.name-2}}", (Slot("plan.name-2"),)),
        ("{ {a}}", ("{ {a}}",)),
    ],
)
def test_a_template_is_literals_and_slots(text: str, parts: tuple[object, ...]) -> None:
    """Only two opening and two closing braces make a slot; all else stays as it is."""
    assert parse_template(text).parts == parts


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("Hello {{name", "line 1, column 7: {{ is never closed"),
        ("a\nb {{}}", r"line 2, column 3: '' is no placeholder"),
        ("{{first name}}", "'first name' is no placeholder"),
        ("{{1st}}", "is no placeholder"),
        ("{{#if a}}", "is no placeholder"),
        ("{{a.__class__()}}", "is no placeholder"),
        ("{{{a}}}", "is no placeholder"),
        ("{{" + "a" * 101 + "}}", "is no placeholder"),
        ("ok \ud800", "line 1, column 4: half a character"),
    ],
)
def test_a_malformed_placeholder_is_refused(text: str, says: str) -> None:
    """The error says where it stands and how to write it; nothing in braces is ever evaluated."""
    with pytest.raises(InvalidTemplate, match=says):
        parse_template(text)


def test_values_are_not_templates() -> None:
    """A value that looks like a placeholder stays text."""
    assert parse_template("{{a}}{{b}}").render({"a": "{{b}}", "b": "{{a}}"}) == "{{b}}{{a}}"


def test_encoding_is_for_values_alone() -> None:
    """Values and fallbacks are encoded for where they land, literals never."""
    template = Template(("<", Slot("x", landing=Landing.HTML), "<", Slot("y", "<", Landing.HTML)))
    assert template.render({"x": "<"}) == "<&lt;<&lt;"


@pytest.mark.parametrize("values", [{}, {"name": ""}])
def test_a_fallback_stands_in_for_nothing(values: dict[str, str]) -> None:
    """A missing and an empty value are both replaced by the fallback, or by nothing."""
    assert parse_template("{{name|you}}{{name}}.").render(values) == "you."


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (True, "true"),
        (False, "false"),
        (0, "0"),
        (1.5, "1.5"),
        ("x", "x"),
        (datetime(2026, 5, 1, tzinfo=UTC), "2026-05-01T00:00:00+00:00"),
    ],
)
def test_every_kind_of_value_has_a_text(value: Scalar, text: str) -> None:
    """Null is empty, and the rest is written without surprises."""
    assert as_text(value) == text


def test_missing_names_are_those_nobody_can_fill() -> None:
    """Known fields, variables, fallbacks and our own placeholders are not missing; the rest is named in order."""
    compiled = compiled_for(
        subject="{{city}}",
        html="<p>{{zip}} {{name}} {{plan|free}} {{code}} {{unsubscribe_url}}</p>",
        text="{{postal_address}} {{area}}",
        variables={"code": 7},
    )
    assert missing_names(compiled, ["name"]) == ("area", "city", "zip")
    assert compiled.names == {"city", "zip", "name", "plan", "code", "area"}


def test_the_text_part_comes_from_the_html() -> None:
    """Without a text part one is derived; a given one is taken as it is."""
    assert compiled_for(html="<p>Hi {{name}}</p>", transactional=True).text.render({"name": "Ada"}) == "Hi Ada\n"
    assert compiled_for(text="Mine", transactional=True).text.render({}) == "Mine"


def test_a_digest_names_the_content() -> None:
    """Whatever shapes the bytes shapes the digest; what does not, does not."""
    one = compiled_for()
    same = compiled_for(provider=BUILT_IN_PROVIDER, justification="because")
    others = [
        compiled_for("Other"),
        compiled_for(html="<p>Other</p>"),
        compiled_for(text="Other"),
        compiled_for(sender_name="Other"),
        compiled_for(project="b" * 32),
        compiled_for(topic="c" * 32),
        compiled_for(sender=Address("hey", SENDER.domain)),
        compiled_for(reply_to=Address("help", SENDER.domain)),
        compiled_for(reply_to=Address("here", SENDER.domain)),
        compiled_for(transactional=True),
        compiled_for(headers={"X-Campaign": "spring"}),
        compiled_for(labels=("spring",)),
        compiled_for(metadata={"order": "1"}),
        compiled_for(recipients=_TO_ONE, deliver_at=NOW + timedelta(days=1)),
        compiled_for(recipients=_TO_ONE, cc=(Address("boss", "example.com"),)),
        compiled_for(recipients=_TO_ONE, bcc=(Address("boss", "example.com"),)),
        compiled_for(attachments=(Attachment("a.txt", b"a"),)),
        compiled_for(attachments=(Attachment("b.txt", b"a"),)),
        compiled_for(attachments=(Attachment("a.txt", b"b"),)),
        compile_content(request_for(), replace(BRAND, postal_address="2 Main Street")),
    ]
    assert same.digest == one.digest
    assert len({one.digest, *(other.digest for other in others)}) == 1 + len(others)


def test_what_is_the_same_for_everybody_cannot_be_changed() -> None:
    """The postal address of a content stays the one its digest names, whoever holds it."""
    with pytest.raises(SealedError):
        compiled_for().shared["postal_address"] = "elsewhere"  # type: ignore[index]  # what is shown to be refused


@pytest.mark.parametrize("name", ["unsubscribe_url", "postal_address"])
def test_our_placeholders_have_no_place_in_a_subject(name: str) -> None:
    """A link or an address in a subject is refused when the content is compiled."""
    with pytest.raises(InvalidTemplate, match="the subject cannot hold a link or a postal address"):
        compiled_for(subject=f"Hi {{{{{name}}}}}")


def test_the_support_matches_the_core() -> None:
    """The builders make what they say: one content, one brand."""
    assert request_for("a", "b", "c").content == Content("a", "b", "c")
    assert compiled_for().brand == BRAND
