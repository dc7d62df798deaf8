"""Plain text from HTML: readable, with every link and placeholder kept."""

from __future__ import annotations

import pytest

from migma_core.message.plain_text import plain_text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("", "\n"),
        ("Hi", "Hi\n"),
        ("<p>a</p><p>b</p>", "a\n\nb\n"),
        ("a<br>b<br/>c", "a\nb\nc\n"),
        ("<h1>News</h1>text", "News\n\ntext\n"),
        ("<ul><li>one</li><li>two</li></ul>", "- one\n- two\n"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc\n"),
        ("  a \n\t b&nbsp;c  ", "a b c\n"),
        ("1 &lt; 2 &amp; 3", "1 < 2 & 3\n"),
        ("<b>bold</b> and <i>not</i>", "bold and not\n"),
        ('<img src="x.png" alt="A cat">', "A cat\n"),
        ("<p>a</p>\n\n\n<div><div></div></div><p>b</p>", "a\n\nb\n"),
        ("<p>unclosed <b>tags", "unclosed tags\n"),
    ],
)
def test_html_becomes_readable_text(html: str, text: str) -> None:
    """Blocks become paragraphs, lists become lines, blanks collapse."""
    assert plain_text(html) == text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ('<a href="https://x.example/a?b=1&amp;c=2">read</a>', "read (https://x.example/a?b=1&c=2)\n"),
        ('<a href="https://x.example">https://x.example</a>', "https://x.example\n"),
        ('<a href="https://x.example"></a>', "https://x.example\n"),
        ('<a href="https://x.example"><img src="a" alt="Logo"></a>', "Logo (https://x.example)\n"),
        ('<a href="mailto:a@b.example">a@b.example</a>', "a@b.example\n"),
        ('<a href="#top">up</a> <a>none</a> <a href>bare</a>', "up none bare\n"),
        ('<a href="https://x.example/{{code}}">{{name|you}}</a>', "{{name|you}} (https://x.example/{{code}})\n"),
        ('<a href="{{unsubscribe_url}}">Unsubscribe</a>', "Unsubscribe ({{unsubscribe_url}})\n"),
    ],
)
def test_links_are_kept(html: str, text: str) -> None:
    """A reader of the text part can follow every link, placeholders included."""
    assert plain_text(html) == text


@pytest.mark.parametrize(
    "html",
    [
        "<style>p{color:red}</style><p>seen</p>",
        "<script>var x = '<p>no</p>'</script><p>seen</p>",
        "<html><head><title>no</title></head><body><p>seen</p></body></html>",
        "<html><head><title>no</title><body><p>seen</p></body></html>",
        "<!-- no --><p>seen</p><!-- no -->",
        "<template><p>no</p></template><p>seen</p>",
    ],
)
def test_what_nobody_sees_is_left_out(html: str) -> None:
    """Styles, scripts, titles and comments leave no trace, even where </head> was left out."""
    assert plain_text(html) == "seen\n"
