"""Links: whose they are, and nothing more; what their holder may do stands in the rooms that use them."""

from __future__ import annotations

from dataclasses import dataclass

from migma_core.audience import Contact, Status, Topic
from migma_core.message import Token, TokenKeys, TokenPurpose, verify_token
from migma_core.request import Project

from .parts import Parts

__all__ = ["Holder", "UnknownToken", "holder_of"]


class UnknownToken(ValueError):
    """The text is no genuine token for this purpose; why is not said (compliance D-07)."""

    def __init__(self) -> None:
        super().__init__("this is no link of ours, or it was cut off: copy the whole link from the mail")


@dataclass(frozen=True, slots=True)
class Holder:
    """
    Who holds a genuine link: its ``token``, the sender's ``project``, and the ``contact``, ``None`` once erased.

    ``topic`` is the one that the link is about, where it is about one that still exists.
    """

    token: Token
    project: Project
    contact: Contact | None
    topic: Topic | None = None

    @property
    def address(self) -> str:
        """The address, masked (F-05); empty once erased."""
        return "" if self.contact is None else self.contact.address.masked

    @property
    def is_subscribed(self) -> bool:
        """Whether marketing may reach this person, as far as they have said."""
        return self.contact is not None and self.contact.status is Status.SUBSCRIBED

    @property
    def reference(self) -> str:
        """What led here, for the record."""
        return f"delivery {self.token.delivery}"


def holder_of(parts: Parts, link: str, purpose: TokenPurpose) -> Holder:
    """
    Read a link, or the token at its end, and look its holder up; changes nothing.

    Raises `UnknownToken` for whatever is no genuine, unexpired token for this purpose.
    """
    text = link.strip().rstrip("/").rpartition("/")[2]
    token = verify_token(text, purpose, TokenKeys(parts.keys.token_bytes()), parts.clock.now())
    if token is None:
        raise UnknownToken
    project = parts.store.projects.get(token.project)
    topic = None if token.topic is None else parts.store.topics.find(project.id, token.topic)
    return Holder(token, project, parts.store.contacts.by_ref(token.contact), topic)
