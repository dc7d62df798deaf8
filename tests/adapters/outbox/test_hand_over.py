"""Handing over to the outbox: what was meant is what lies there, once for each attempt."""

from __future__ import annotations

import email
import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from migma_outbox import Outbox

from migma_core import Accepted, Attachment, Batch, Scalar, mime_messages, parse_template
from migma_core.message.html_places import html_places
from migma_core.ports import ListingProvider
from tests.support.batches import attempt_for, batch_for, compiled_for, delivery_id, opt_out_link
from tests.support.texts import header_texts, names, texts

TEXT, HTML = "{{x}}\nHello {{name|you}},\n{{y}} end ", "<p title='{{x}}'>{{y}}</p>{{name}}"


@pytest.fixture
def outbox(tmp_path: Path) -> Outbox:
    """An outbox that nothing was ever written to."""
    return Outbox(tmp_path / "some" / "outbox")


def hand_over(outbox: Outbox, batch: Batch, fence: int = 1) -> list[str]:
    """Hand a batch over, which must be accepted, and return the files' names."""
    parcel = outbox.encode(batch)
    outcomes = outbox.hand_over(batch, parcel, attempt_for(batch, parcel, fence))
    assert all(isinstance(one, Accepted) for one in outcomes)
    return [one.provider_id for one in outcomes if isinstance(one, Accepted) and one.provider_id]


def written(outbox: Outbox) -> dict[str, bytes]:
    """Every file in new, read back after writing."""
    return {path.name: path.read_bytes().replace(b"\n", b"\r\n") for path in (outbox.path / "new").iterdir()}


def read(octets: bytes) -> EmailMessage:
    """Read a message with an independent parser."""
    message = email.message_from_bytes(octets, policy=default)
    assert isinstance(message, EmailMessage)
    return message


def body(message: EmailMessage, kind: str) -> str:
    """The decoded text of one part, with plain line ends."""
    part = message.get_body((kind,))
    assert part is not None
    payload = part.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload.decode().replace("\r\n", "\n")


def unix(text: str) -> str:
    """Plain line ends."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def test_the_outbox_is_what_the_core_asks_for(outbox: Outbox) -> None:
    """It lists what it holds, takes 500 messages at once and any address."""
    provider: ListingProvider = outbox
    assert provider.capabilities.name == "outbox"
    assert provider.capabilities.most_messages == 500
    assert provider.capabilities.lists_deliveries
    assert provider.capabilities.international_local_parts


def test_accepted_are_those_that_lie_there(outbox: Outbox) -> None:
    """There is one file in new for each accepted message, under the name that was returned, and none in tmp."""
    batch = batch_for(compiled_for(), [{"name": f"Person {n}"} for n in range(130)])
    accepted = hand_over(outbox, batch)
    assert written(outbox) == dict(zip(accepted, mime_messages(batch), strict=True))
    assert not list((outbox.path / "tmp").iterdir())
    assert outbox.count() == 130


def test_a_name_says_when_which_attempt_and_for_whom(outbox: Outbox) -> None:
    """Seconds, attempt, position and delivery can be read off the name."""
    batch = batch_for(compiled_for(), [{}, {}])
    attempt = attempt_for(batch, outbox.encode(batch))
    assert hand_over(outbox, batch) == [f"1777636800.{attempt.id}_{n}.{delivery_id(n)}" for n in range(2)]


def test_replaying_an_attempt_changes_nothing(outbox: Outbox) -> None:
    """The same attempt writes the same files with the same bytes, however often."""
    batch = batch_for(compiled_for(), [{}, {"name": "Ada"}])
    first = hand_over(outbox, batch)
    before = written(outbox)
    assert hand_over(outbox, batch) == first
    assert written(outbox) == before


def test_a_double_is_visible(outbox: Outbox) -> None:
    """Another attempt for the same deliveries leaves files of its own: nothing hides that they were sent twice."""
    batch = batch_for(compiled_for(), [{}, {}])
    assert set(hand_over(outbox, batch, 1)).isdisjoint(hand_over(outbox, batch, 2))
    assert outbox.count() == 4
    assert len({delivery for delivery, _ in outbox.messages()}) == 2


def test_files_are_their_owners_alone(outbox: Outbox) -> None:
    """Personal data is readable by nobody else, whatever the umask."""
    before = os.umask(0)
    try:
        (name,) = hand_over(outbox, batch_for(compiled_for()))
    finally:
        os.umask(before)
    assert stat.S_IMODE((outbox.path / "new" / name).stat().st_mode) == 0o600
    assert {stat.S_IMODE((outbox.path / room).stat().st_mode) for room in ("tmp", "new", "cur")} == {0o700}


def test_content_is_on_the_disk_before_a_file_appears(outbox: Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every file is synced before any is moved, and the directory once, after the last move (reliability §13)."""
    seen: list[str] = []
    sync, replace = os.fsync, Path.replace

    def watched_sync(descriptor: int) -> None:
        seen.append("directory" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        sync(descriptor)

    def watched_replace(path: Path, target: Path) -> Path:
        seen.append("move")
        return replace(path, target)

    hand_over(outbox, batch_for(compiled_for()))  # makes the rooms
    monkeypatch.setattr(os, "fsync", watched_sync)
    monkeypatch.setattr(Path, "replace", watched_replace)
    hand_over(outbox, batch_for(compiled_for(), [{}] * 150), 2)
    assert seen == ["file"] * 150 + ["move"] * 150 + ["directory"]


def test_marketing_carries_both_headers_and_transactional_none(outbox: Outbox) -> None:
    """The one-click pair stands in the file byte for byte, unfolded; a password reset has no List header at all."""
    (marketing,) = hand_over(outbox, batch_for(compiled_for()), 1)
    (transactional,) = hand_over(outbox, batch_for(compiled_for(transactional=True)), 2)
    octets = written(outbox)
    assert f"\r\nList-Unsubscribe: <{opt_out_link()}>\r\n".encode() in octets[marketing]
    assert b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in octets[marketing]
    assert b"List-" not in octets[transactional]


def test_a_parcel_of_another_batch_is_a_bug(outbox: Outbox) -> None:
    """Bodies that do not match their messages are refused before anything is written."""
    one, two = batch_for(compiled_for()), batch_for(compiled_for(), [{}, {}])
    with pytest.raises(ValueError, match="one body for each message"):
        outbox.hand_over(two, outbox.encode(one), attempt_for(two, outbox.encode(two)))
    assert not outbox.path.exists()


@pytest.fixture(scope="module")
def fresh() -> Iterator[Callable[[], Outbox]]:
    """A new outbox at each call, for laws."""
    with tempfile.TemporaryDirectory() as folder:
        yield lambda: Outbox(tempfile.mkdtemp(dir=folder))


@settings(max_examples=60)
@given(
    name=names(),
    people=st.lists(
        st.fixed_dictionaries({"name": header_texts(), "x": texts(), "y": texts()}), min_size=1, max_size=3
    ),
    files=st.lists(st.tuples(st.from_regex(r"[a-zé日 ]{1,30}x", fullmatch=True), st.binary(max_size=200)), max_size=2),
    marketing=st.booleans(),
)
def test_what_lies_there_is_what_was_meant(
    fresh: Callable[[], Outbox],
    name: str,
    people: list[dict[str, Scalar]],
    files: list[tuple[str, bytes]],
    marketing: bool,
) -> None:
    """Read back from its file by another parser, each mail has its own recipient, subject, bodies and files."""
    outbox = fresh()
    compiled = compiled_for(
        "For {{name}}",
        HTML,
        TEXT,
        sender_name=name,
        attachments=tuple(Attachment(filename, data) for filename, data in files),
        transactional=not marketing,
    )
    batch = batch_for(compiled, people)
    names_given, octets = hand_over(outbox, batch), written(outbox)
    assert len(octets) == len(people)
    for number, (file, its) in enumerate(zip(names_given, people, strict=True)):
        message, strings = read(octets[file]), {key: str(value) for key, value in its.items()}
        assert [one.addr_spec for one in message["To"].addresses] == [f"person{number}@example.com"]
        assert [one.addr_spec for one in message["From"].addresses] == ["news@acme.example.com"]
        assert message["Subject"] == f"For {strings['name']}"
        assert "Bcc" not in message
        lined = {name: unix(value) for name, value in strings.items()}
        assert body(message, "plain").startswith(parse_template(TEXT).render(lined))
        assert body(message, "html").startswith(html_places(parse_template(HTML)).template.render(lined))
        found = [(part.get_filename(), part.get_payload(decode=True)) for part in message.iter_attachments()]
        assert found == [(filename.strip(), data) for filename, data in files]
        assert message.get_all("List-Unsubscribe", []) == ([f"<{opt_out_link(number)}>"] if marketing else [])


def test_a_file_holds_lines_as_files_do(tmp_path: Path) -> None:
    """On the disk no line ends in CR, and read back the message is the octets of its parcel."""
    outbox = Outbox(tmp_path / "outbox")
    batch = batch_for(compiled_for(), [{"name": "Ada"}])
    hand_over(outbox, batch)
    ((delivery, path),) = outbox.messages()
    assert b"\r" not in path.read_bytes()
    assert outbox.read(delivery) == outbox.encode(batch).bodies[0]
