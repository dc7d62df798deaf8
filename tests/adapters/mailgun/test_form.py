"""Forms: read by somebody else's parser they are what was written, and the same octets every time."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import BodyPartReader, MultipartReader
from aiohttp.base_protocol import BaseProtocol
from aiohttp.streams import StreamReader
from hypothesis import given
from hypothesis import strategies as st
from migma_mailgun.form import Field, File, content_type, form

from tests.adapters.mailgun.reader import Part, parts
from tests.support.texts import texts

CUNNING = st.lists(st.sampled_from((b"\r\n", b"--", b"migma-", b"0", b"1", b"migma-0--", b"x"))).map(b"".join)
FIELD = st.builds(Field, st.sampled_from(("to", "h:X-A", "v:migma_delivery")), texts() | CUNNING.map(bytes.decode))
FILE = st.builds(
    File,
    st.sampled_from(("attachment", "inline")),
    st.sampled_from(("a.pdf", "a b (1).pdf", "Übersicht; x=1.pdf", "見積書.pdf")),
    st.just("application/pdf"),
    st.binary(max_size=60) | CUNNING,
)


def by_aiohttp(body: bytes) -> list[Part]:
    """The parts as aiohttp's server reads them."""

    async def read() -> list[Part]:
        loop = asyncio.get_running_loop()
        stream = StreamReader(BaseProtocol(loop), 2**16, loop=loop)
        stream.feed_data(body)
        stream.feed_eof()
        found = []
        async for part in MultipartReader({"Content-Type": content_type(body)}, stream):
            assert isinstance(part, BodyPartReader)
            data = bytes(await part.read())
            found.append(Part(part.name or "", data, part.filename, part.headers.get("Content-Type")))
        return found

    return asyncio.run(read())


def meant(them: list[Field | File]) -> list[Part]:
    """The same parts, as they were given."""
    return [
        Part(one.name, one.value.encode()) if isinstance(one, Field) else Part(one[0], one[3], one[1], one[2])
        for one in them
    ]


@given(st.lists(FIELD | FILE, min_size=1, max_size=5))
def test_a_form_is_read_as_it_was_meant(them: list[Field | File]) -> None:
    """Whatever is in it, boundaries of ours included: the same parts in order, by two parsers; no part is added."""
    body = form(them)
    assert by_aiohttp(body) == parts(body) == meant(them)


@given(st.lists(FIELD | FILE, min_size=1, max_size=5))
def test_a_form_is_written_the_same_twice(them: list[Field | File]) -> None:
    """No chance comes into it: a repeated attempt has the octets that are on record (reliability §4)."""
    assert form(them) == form(list(them))


@pytest.mark.parametrize(
    ("held", "boundary"),
    [("", "migma-0"), ("migma-0", "migma-1"), ("migma-0 migma-10", "migma-2"), ("migma", "migma-0")],
)
def test_the_boundary_is_the_first_that_nothing_holds(held: str, boundary: str) -> None:
    """Nor the beginning of another one."""
    assert content_type(form([Field("text", held)])) == f"multipart/form-data; boundary={boundary}"
