"""Laws of rendering: a value stays a value wherever it lands, and every target holds the same document."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from urllib.parse import parse_qs, parse_qsl, unquote, urlsplit

from hypothesis import example, given
from hypothesis import strategies as st

from migma_core import parse_template
from migma_core.message.html_places import html_places
from migma_core.message.landing import ENCODE, NOWHERE, Landing
from migma_core.message.program import FORM, JSON, PLAIN, Bodies, Program, pieces_of
from tests.support.batches import batch_for, compiled_for
from tests.support.texts import header_texts, texts

HOSTILE = st.sampled_from(
    [
        "</p><script>x()</script>",
        "' onclick='x()",
        '" onclick="x()',
        "javascript:x()",
        "java\nscript:x()",
        " javascript:x()",
        "data:text/html,<script>",
        "JaVaScRiPt:x",
        "vbscript:x",
        "evil.example/",
        "evil.example#",
        "a@evil.example",
        "&quot;",
        "--><script>",
        "expression(x)",
        "red;background:url(x)",
        "{{name}}",
        "%0d%0aBcc: x",
    ]
)
VALUES = texts() | HOSTILE | st.text(max_size=30).filter(lambda text: text.isprintable())
PAGE = (
    '<p title=\'{{x}}\' style="color:{{x}}">{{x}}</p><!-- {{x}} --><a href="{{x}}">{{x|none}}</a>'
    '<a href="https://{{x}}.example.com/a/{{x}}?q={{x}}&r=1#{{x}}">go</a><textarea>{{x}}</textarea>'
)


class _Read(HTMLParser):
    """Every tag with its attributes, all text, and every comment, as an independent parser sees them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.comments: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)


def page(value: str) -> str:
    """The page with this value in every place."""
    return html_places(parse_template(PAGE)).template.render({"x": value})


@given(VALUES)
@example("</textarea><script>")
def test_no_value_adds_a_tag_an_attribute_or_a_comment(value: str) -> None:
    """Whatever stands in every place at once, an independent parser finds the tags and attributes of the template."""
    usual, found = _Read(page("x")), _Read(page(value))
    assert [(tag, list(attributes)) for tag, attributes in found.tags] == [
        (tag, list(attributes)) for tag, attributes in usual.tags
    ]
    assert len(found.comments) == len(usual.comments)


@given(VALUES)
def test_text_and_attributes_are_read_back(value: str) -> None:
    """What a reader sees and a title says is the value itself."""
    found = _Read(page(value))
    title = found.tags[0][1]["title"]
    assert title == value
    assert found.text.startswith(value)
    assert ENCODE[Landing.TEXT](value) == value


@given(VALUES)
def test_a_link_leads_where_it_says_or_nowhere(value: str) -> None:
    """A whole link is the value where it begins with a scheme of mail or with none, and else leads nowhere."""
    link = _Read(page(value)).tags[1][1]["href"]
    assert link in {value, NOWHERE}
    folded = "".join(value.split()).lower()
    if ":" in folded.split("/")[0].split("?")[0].split("#")[0]:
        scheme = folded.partition(":")[0]
        assert (link == value) is (scheme in {"http", "https", "mailto", "tel", "sms", "cid"}) or link == NOWHERE
    if folded.startswith(("javascript:", "vbscript:", "data:")):
        assert link == NOWHERE


@given(VALUES)
def test_within_a_link_a_value_stays_in_its_part(value: str) -> None:
    """It ends neither host, path nor query, adds no parameter, and is read back from each of them."""
    link = _Read(page(value)).tags[2][1]["href"]
    assert link is not None
    parts = urlsplit(link)
    assert parts.netloc.endswith(".example.com")
    assert unquote(parts.netloc.removesuffix(".example.com")) == value
    assert unquote(parts.path.removeprefix("/a/")) == value
    assert parse_qsl(parts.query, keep_blank_values=True) == [("q", value), ("r", "1")]
    assert unquote(parts.fragment) == value


@given(VALUES)
def test_a_style_holds_a_plain_value_or_none(value: str) -> None:
    """Neither a second declaration nor a function nor an escape gets into a style."""
    style = _Read(page(value)).tags[0][1]["style"]
    assert style in {f"color:{value}", "color:"}
    assert style is not None
    assert not set(style.removeprefix("color:")) & set(";:()\\\"'<>&{}/")


@given(st.lists(st.tuples(VALUES, header_texts(), texts()), min_size=1, max_size=3), texts())
def test_every_target_holds_the_same_document(people: list[tuple[str, str, str]], literal: str) -> None:
    """Read back from JSON and from a form, subject, text and HTML are those of plain rendering, for each recipient."""
    clean = literal.replace("{", "").replace("<", "")
    compiled = compiled_for("For {{name}}", PAGE.replace("go", clean), clean + "{{x}}{{y|z}}\n", transactional=True)
    plain, as_json, as_form = (Bodies(compiled, target) for target in (PLAIN, JSON, FORM))
    for x, name, y in people:
        values = {"x": x, "name": name, "y": y}
        assert compiled.html is not None
        meant = tuple(one.render(values) for one in (compiled.subject, compiled.text, compiled.html))
        assert plain.run(values) == meant
        assert tuple(json.loads(f'"{one}"') for one in as_json.run(values)) == meant
        assert tuple(parse_qs(f"a={one}", keep_blank_values=True)["a"][0] for one in as_form.run(values)) == meant


@given(st.lists(VALUES, max_size=3))
def test_a_program_is_run_as_often_as_one_likes(them: list[str]) -> None:
    """No run leaves anything behind for the next one."""
    program = Program(pieces_of(parse_template("a{{x|b}}c{{x}}"), PLAIN))
    assert [program.run({"x": one}) for one in them] == [f"a{one or 'b'}c{one}" for one in them]
    assert program.run({}) == "abc"


def test_nothing_tracks() -> None:
    """The place of a pixel is compiled into marketing, and no message holds anything there (O-10)."""
    compiled = compiled_for()
    assert compiled.html is not None
    assert "tracking_pixel" in compiled.html.names
    assert "tracking_pixel" not in compiled.names
    (message,) = batch_for(compiled, [{"tracking_pixel": "<img src=x>"}]).messages
    assert message.values["tracking_pixel"] == ""
    assert "<img" not in compiled.html.render(message.values)


def test_without_html_there_are_two_bodies() -> None:
    """A content of text alone has no page in any target."""
    compiled = compiled_for("Hi", "", "Hello {{name}}", transactional=True)
    assert Bodies(compiled, PLAIN).run({"name": "Ada"}) == ("Hi", "Hello Ada", None)
