"""Content: what the caller wants to say, before it is compiled for anyone."""

from __future__ import annotations

from dataclasses import dataclass

from ..audience.address import hidden_characters

__all__ = ["Attachment", "Content"]

_LONGEST_SUBJECT = 900


@dataclass(frozen=True, slots=True)
class Attachment:
    """
    A file that goes with the message; with ``content_id`` it is an inline image (``<img src="cid:…">``).

    Raises `ValueError` for a name or type that would break a header.
    """

    filename: str
    data: bytes
    media_type: str = "application/octet-stream"
    content_id: str | None = None

    def __post_init__(self) -> None:
        if not self.filename or hidden_characters(self.filename) or set(self.filename) & set('"\\/'):
            raise ValueError("an attachment's name has visible characters only, without quotes and slashes")
        kind, slash, subtype = self.media_type.partition("/")
        if not (slash and _is_token(kind) and _is_token(subtype)):
            raise ValueError(f"{self.media_type!a} is no media type; write for example application/pdf")
        if self.content_id is not None and not _is_token(self.content_id):
            raise ValueError("a content id is made of letters, digits and .-_ only")


@dataclass(frozen=True, slots=True)
class Content:
    """
    Subject and bodies, with ``{{name}}`` placeholders; the text is derived from the HTML when absent.

    The subject is refused, never repaired, where a line break would forge a header (compliance G-01).

    >>> Content(subject="Hello {{first_name|there}}", html="<p>Welcome</p>").text is None
    True
    """

    subject: str
    html: str
    text: str | None = None
    attachments: tuple[Attachment, ...] = ()

    def __post_init__(self) -> None:
        if not self.subject.strip():
            raise ValueError("a message needs a subject")
        if (hidden := hidden_characters(self.subject)) is not None:
            raise ValueError(f"the subject holds {hidden}, which would break the header; remove it")
        if len(self.subject) > _LONGEST_SUBJECT:
            raise ValueError(
                f"the subject has {len(self.subject)} characters; at most {_LONGEST_SUBJECT} fit a header line"
            )
        if not self.html.strip() and not (self.text or "").strip():
            raise ValueError("a message needs a body: give an HTML template")

    @property
    def has_images_named_otherwise(self) -> bool:
        """Whether an inline image has another content id than its file's name."""
        return any(one.content_id not in {None, one.filename} for one in self.attachments)


def _is_token(text: str) -> bool:
    # RFC 2045 §5.1, without the characters no registered type uses
    return text.isascii() and "".join(c for c in text if c not in "-+._").isalnum()
