"""Where values land in a page: each place has its encoding, and where none is safe the template is refused."""

from __future__ import annotations

import pytest

from migma_core import InvalidTemplate, compile_content, parse_template
from migma_core.message.html_places import Places, html_places
from migma_core.message.template import Slot
from tests.support.batches import BRAND, request_for


def places(html: str) -> Places:
    """Where everything lands in this page."""
    return html_places(parse_template(html))


def landings(html: str) -> list[str]:
    """The landings of its slots, in order."""
    return [part.landing.value for part in places(html).template.parts if isinstance(part, Slot)]


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("{{x}}", ["html"]),
        ("a < b {{x}} <3 {{x}}", ["html", "html"]),
        ("<p class='{{x}}' title=\"{{x}}\">{{x}}</p>", ["html", "html", "html"]),
        ("<a href='{{x}}'>", ["url"]),
        ('<a href=" \n{{x}}">', ["url"]),
        ('<A HREF = "{{x}}{{x}}"/>', ["url", "url_part"]),
        ('<img src="https://{{x}}/{{x}}?a={{x}}#{{x}}">', ["url_host", "url_part", "url_part", "url_part"]),
        ('<a href="//{{x}}">', ["url_host"]),
        ('<a href="{{x}}://{{x}}/{{x}}">', ["url", "url_host", "url_part"]),
        ('<a href="mailto:{{x}}?subject={{x}}">', ["url_part", "url_part"]),
        ('<a href="&#104;ttps://{{x}}">', ["url_host"]),
        ('<p style="color: {{x}}; width:{{x}}">', ["style", "style"]),
        ("<!-- {{x}} --><!--[if mso]><a href='{{x}}'><![endif]-->{{x}}", ["html", "html", "html"]),
        ("<!--> {{x}}<!---> {{x}}<!-- a --!>{{x}}", ["html", "html", "html"]),
        ("<!DOCTYPE html>{{x}}<?php ?>{{x}}</ x>{{x}}</>{{x}}", ["html"] * 4),
        ("<title>{{x}}</title><textarea>{{x}}</textarea >{{x}}", ["html", "html", "html"]),
        ("<style>p { x: '</p>' }</style><script>a<b</SCRIPT\n>{{x}}", ["html"]),
        ("<p a b = c d='e' f=\"g\" h/>{{x}}", ["html"]),
        ("<p a=b/ c = d>{{x}}<p =x>{{x}}<p a / b>{{x}}<p a=>{{x}}", ["html"] * 4),
        ("<p a =b>{{x}}<p a>{{x}}<p a b>{{x}}", ["html"] * 3),
        ("<p a  \n =b>{{x}}<p a  >{{x}}", ["html"] * 2),
    ],
)
def test_every_place_is_known(html: str, expected: list[str]) -> None:
    """Text, attributes, links, their hosts and parts, styles and comments are told apart as the standard does."""
    assert landings(html) == expected


@pytest.mark.parametrize(
    ("html", "said"),
    [
        ("<{{x}}>", "right after <"),
        ("</{{x}}>", "right after </"),
        ("<p{{x}}>", "in the tag <p>"),
        ("<p {{x}}>", "in the tag <p>"),
        ("<p a{{x}}>", "in the tag <p>"),
        ("<p a {{x}}>", "in the tag <p>"),
        ("<p a={{x}}>", "put it into text, or into an attribute in quotes"),
        ("<p a=b{{x}}>", "in the tag <p>"),
        ("<script>{{x}}</script>", "in <script>"),
        ("<style>{{x}}</style>", "in <style>"),
        ("<script></scripty>{{x}}", "in <script>"),
        ("<!{{x}}>", "in a comment or declaration"),
        ("<!-{{x}}", "in a comment or declaration"),
        ("<!DOCTYPE {{x}}>", "in a comment or declaration"),
        ('<a onclick="{{x}}">', "the attribute onclick, which runs"),
        ('<iframe srcdoc="{{x}}">', "the attribute srcdoc, which runs"),
        ('<a href="javascript:f({{x}})">', "begins with javascript:, which may run"),
        ('<a href="&#106;avascript:{{x}}">', "begins with javascript:, which may run"),
        ('<a href="data:text/html,{{x}}">', "begins with data:, which may run"),
    ],
)
def test_where_no_value_is_safe_the_template_is_refused(html: str, said: str) -> None:
    """A value that could name a tag, leave its attribute or run is refused by name, with the place."""
    with pytest.raises(InvalidTemplate) as refused:
        places(html)
    assert said in str(refused.value)
    assert "{{x}}" in str(refused.value)


@pytest.mark.parametrize(
    ("html", "seen"),
    [
        ("<p>{{x}}</p>", True),
        ("<a href='{{x}}'>out</a>", True),
        ("<map><area href='{{x}}'></map>", True),
        ("<p title='{{x}}'>Hi</p>", False),
        ("<img src='{{x}}'>", False),
        ("<!-- {{x}} -->", False),
        ("<head><title>{{x}}</title><link href='{{x}}'></head>", False),
        ("<head>{{x}}<body>", False),
        ("<head></head><body>{{x}}", True),
        ("<head><body>{{x}}", True),
        ("<p style='display:none'>{{x}}</p>", False),
        ("<p style='DISPLAY : None'><b>a</b><a href='{{x}}'>out</a></p>", False),
        ("<p style=display:none><p>a</p>{{x}}</p>", False),
        ("<p style='visibility:hidden'>a</p>{{x}}", True),
        ("<div hidden><div>a</div>{{x}}</div>", False),
        ("<div hidden><div>a</div></div>{{x}}", True),
        ("<br hidden>{{x}}", True),
        ("<p style='font-size:0px'>{{x}}", False),
        ("<p style='opacity:0'>{{x}}", False),
        ("<p style='opacity:0.9'>{{x}}", True),
        ("<a style='color:#FFFFFF' href='{{x}}'>out</a>", False),
        ("<a href='{{x}}' style='color: white'>out</a>", False),
        ("<a style='color:#fffff0' href='{{x}}'>out</a>", True),
        ("<a style='background-color:#fff' href='{{x}}'>out</a>", True),
    ],
)
def test_a_link_is_seen_in_the_page_and_nowhere_else(html: str, seen: bool) -> None:
    """Text and links of the body count; comments, heads, titles and images do not (C-12)."""
    assert places(html).seen == ({"x"} if seen else set())


@pytest.mark.parametrize(
    ("html", "within"),
    [
        ("<p>Hi</p>", None),
        ("Hi <", None),
        ("<p>Hi", None),
        ("Hi <p", "in the tag <p>"),
        ("Hi <p class='a", "in the tag <p>"),
        ("Hi <!-- there", "in a comment or declaration"),
        ("Hi <style>p", "in <style>"),
        ("Hi <title>p", "in <title>"),
    ],
)
def test_marketing_that_ends_out_of_sight_is_refused(html: str, within: str | None) -> None:
    """Where the page ends within something, a footer would be hidden: marketing is refused (C-12)."""
    assert places(html).unfinished == within
    assert compile_content(request_for(html=html, text="Hi", transactional=True), BRAND).html is not None
    if within is None:
        assert compile_content(request_for(html=html, text="Hi"), BRAND).html is not None
        return
    with pytest.raises(InvalidTemplate, match=f"the HTML ends {within}"):
        compile_content(request_for(html=html, text="Hi"), BRAND)


def test_the_end_of_the_body_is_a_tag_of_the_page() -> None:
    """One in a comment, a script or an attribute is text, and of several the last counts."""
    html = "<!-- </body> --><script></body></script><p title='</body>'></body>Hi</body ></html><!-- </body> -->"
    found = places(html).body_end
    assert found is not None
    assert html[found[1] :].startswith("</body ></html>")
