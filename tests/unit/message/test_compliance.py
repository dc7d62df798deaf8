"""What a marketing message must carry: headers, a link and an address in every part (R26 to R31; compliance C)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migma_core import Brand, HeaderRefused, TopicId, compile_content
from migma_core.message.compliance import ONE_CLICK, check_link, list_id, one_click_headers
from tests.support.batches import BRAND, compiled_for, request_for

LINK = "{{unsubscribe_url}}"


def rendered(html: str, text: str | None = None, brand: Brand = BRAND) -> tuple[str, str]:
    """HTML and text of a marketing content, with a link that is easy to find."""
    compiled = compile_content(request_for(html=html, text=text), brand)
    values = {"unsubscribe_url": "https://LINK", "postal_address": "ADDRESS"}
    assert compiled.html is not None
    return compiled.html.render(values), compiled.text.render(values)


def test_the_one_click_pair_is_byte_exact() -> None:
    """One https link in angle brackets, and the literal of RFC 8058 §5 (C-02, C-03, C-04)."""
    first, second = one_click_headers("https://mail.example.com/u/abc")
    assert first == b"List-Unsubscribe: <https://mail.example.com/u/abc>"
    assert second == ONE_CLICK == b"List-Unsubscribe-Post: List-Unsubscribe=One-Click"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://example.com/u",
        "HTTPS://example.com/u",
        "mailto:x@example.com",
        "https://example.com/a b",
        "https://example.com/<a>",
        "https://example.com/a,b",
        'https://example.com/"',
        "https://example.com/\r\nBcc: x",
        "https://example.com/\x00",
        "https://example.com/é",
        "https://example.com/" + "u" * 1000,
    ],
)
def test_a_link_that_clients_will_not_follow_is_refused(url: str) -> None:
    """Other schemes, blanks, brackets, commas, controls, other scripts and overlong links stay out (C-02 to C-06)."""
    with pytest.raises(HeaderRefused):
        one_click_headers(url)


@given(st.text(st.characters(max_codepoint=0x17F), max_size=8))
def test_a_link_holds_what_is_printable_in_ascii_less_four_signs(text: str) -> None:
    """A blank, brackets, a comma or a quote ends the header's value or makes two of it; nothing else in ASCII does."""
    plain = all("!" <= one <= "~" and one not in '<>,"' for one in text)
    try:
        check_link(f"https://example.com/{text}")
    except HeaderRefused:
        assert not plain
    else:
        assert plain


@pytest.mark.parametrize("length", [*range(20, 901, 40), 77, 78, 79, 900])
def test_a_link_of_any_length_stays_on_one_line(length: int) -> None:
    """Neither folded nor encoded (C-05)."""
    url = "https://example.com/".ljust(length, "u")
    assert one_click_headers(url)[0] == f"List-Unsubscribe: <{url}>".encode()


def test_a_list_id_is_stable_per_topic_or_project() -> None:
    """It holds the topic's id, else the project's, in the sender's domain, and anything unusual in hex (C-11)."""
    assert list_id(request_for()) == b"List-ID: <" + b"a" * 32 + b".acme.example.com>"
    assert list_id(request_for(topic=TopicId("d" * 32))) == b"List-ID: <" + b"d" * 32 + b".acme.example.com>"
    assert (
        list_id(request_for(topic=TopicId("my list")))
        == b"List-ID: <x" + b"my list".hex().encode() + b".acme.example.com>"
    )


@pytest.mark.parametrize(
    "html",
    [
        "<p>Hi</p>",
        "<html><body><p>Hi</p></body></html>",
        "<p>Hi</p></BODY >\n",
        "<p>{{name}}</p>",
        "</body>{{name}}",
        "<!-- {{unsubscribe_url}} --><p>Hi</p>",
        "<p>Hi</p><!--[if mso]>{{unsubscribe_url}}<![endif]-->",
        "<p>Hi</p><!-- {{unsubscribe_url}} -->",
    ],
)
def test_a_footer_is_added_where_the_link_is_missing(html: str) -> None:
    """Both parts end with the address and exactly one link a reader can see (R29, R30, C-12)."""
    seen, text = rendered(html, "Hi")
    comments = html.count(LINK)
    assert seen.count("https://LINK") == 1 + comments
    assert seen.count('<a href="https://LINK">Unsubscribe</a>') == 1
    assert seen.count("1 Main Street") == 1
    assert text.count("https://LINK") == 1
    assert text.count("1 Main Street") == 1


def test_the_footer_stands_before_the_end_of_the_body() -> None:
    """It goes into the document, after all it says."""
    seen, _ = rendered("<html><body><p></body> in text</p>Hi</body></html>")
    assert seen.endswith("Unsubscribe</a></p>\n</body></html>")
    assert seen.index("Hi") < seen.index("1 Main Street") < seen.index("https://LINK")


def test_a_placed_link_is_not_added_again() -> None:
    """Where the template has link and address, nothing is added, in either part (R29)."""
    html = '<p>{{postal_address}} <a href="{{unsubscribe_url}}">Leave</a></p>'
    seen, text = rendered(html)
    assert seen == '<p>ADDRESS <a href="https://LINK">Leave</a></p>'
    assert text == "ADDRESS Leave (https://LINK)\n"


@pytest.mark.parametrize(("html", "text"), [("<p>{{unsubscribe_url}}</p>", "Hi"), ("<p>Hi</p>", "{{unsubscribe_url}}")])
def test_each_part_gets_its_own_link(html: str, text: str) -> None:
    """A link in one part does not spare the other (C-12)."""
    seen, read = rendered(html, text)
    assert seen.count("https://LINK") == read.count("https://LINK") == 1


def test_the_brand_is_escaped() -> None:
    """A brand is text in HTML, whatever it is called, and never a template."""
    brand = Brand("A & <B> {{unsubscribe_url}}", "1 & 2\n<Street>", "https://mail.example.com")
    seen, text = rendered("<p>Hi</p>", brand=brand)
    assert "A &amp; &lt;B&gt; {{unsubscribe_url}}<br>1 &amp; 2<br>&lt;Street&gt;" in seen
    assert "A & <B> {{unsubscribe_url}}\n1 & 2\n<Street>" in text
    assert seen.count("https://LINK") == text.count("https://LINK") == 1


def test_transactional_content_is_left_alone() -> None:
    """No footer, no link, no address unless the template has them (C-10)."""
    compiled = compiled_for(html="<p>Your code</p>", text="Your code", transactional=True)
    assert compiled.html is not None
    assert (compiled.html.render({}), compiled.text.render({})) == ("<p>Your code</p>", "Your code")
    assert not compiled.links_out


def test_text_alone_gets_its_footer() -> None:
    """Marketing without HTML still carries link and address."""
    compiled = compiled_for(html="", text="Hi")
    assert compiled.html is None
    assert compiled.links_out
    assert compiled.text.render({"unsubscribe_url": "https://LINK"}).endswith(
        "Springfield\n\nUnsubscribe: https://LINK\n"
    )


@pytest.mark.parametrize("html", ["<p>Hello</p>", f"<p>{LINK} {{{{postal_address}}}}</p>", "<body>Hello</body>"])
def test_a_brand_that_advertises_says_so_in_every_part_of_marketing(html: str) -> None:
    """Whatever else the template places, both parts carry the line, escaped where it lands (N-04)."""
    said = replace(BRAND, advertisement="Advertisement <by us>")
    with_html, with_text = rendered(html, "Hello", said)
    assert with_html.count("Advertisement &lt;by us&gt;") == 1
    assert with_text.count("Advertisement <by us>") == 1
    assert "Advertisement" not in "".join(rendered(html, "Hello"))
    service = compile_content(request_for(html=html, text="Hello", transactional=True), said)
    assert "Advertisement" not in service.text.render({"unsubscribe_url": "u", "postal_address": "p"})
