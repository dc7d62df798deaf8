"""Texts that try to break out of where they are put."""

from __future__ import annotations

from hypothesis import strategies as st

_NASTY = (
    "", " ", "\r\n", "\n", "\r", "\x00", "\t", ".", "\n.\n", "=", "=3D", "=\r\n", "=?utf-8?q?a=0ABcc:_x?=", "%0d%0a",
    "Bcc: everyone@example.com\r\n", "\r\n\r\n", "--=_migma_alternative_0", "From ", "{{name}}", "{{unsubscribe_url}}",
    "</p></body></html>", "<script>alert(1)</script>", '" onload="', "&amp;", "'", "~s0;", "~t0;", "^h1;", "|t1;", "~",
    "^", "|", "`", "*", "@", "\ue000t0;", "-name-", "<%asm_global_unsubscribe_raw_url%>", "[unsubscribe]", "\u2028",
    "\u202e", "\x85", "Grüße", "日本語", "👨‍👩‍👧", "a" * 80, "é" * 80, "x" * 1200,
)  # fmt: skip

PLAIN = st.characters(codec="utf-8")
"""Any character that can be written at all."""

SHOWN = st.characters(
    codec="utf-8",
    exclude_categories=("Cc", "Cs", "Zl", "Zp"),
    exclude_characters="\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069",
)
"""Any character a header may hold."""


def texts(longest: int = 200) -> st.SearchStrategy[str]:
    """Anything that can be written, nasty pieces first."""
    piece = st.one_of(st.sampled_from(_NASTY), st.text(PLAIN, max_size=40))
    return st.lists(piece, max_size=6).map(lambda pieces: "".join(pieces)[:longest])


def header_texts(longest: int = 200) -> st.SearchStrategy[str]:
    """Anything a header may hold, even blank."""
    return st.text(SHOWN, max_size=longest)


def names() -> st.SearchStrategy[str]:
    """Names of senders and files: something visible in them."""
    return st.text(SHOWN, min_size=1, max_size=120).filter(lambda name: bool(name.strip()))
