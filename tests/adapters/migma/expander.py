"""A reference expander of Migma's direct send: what the mailbox would receive of it, read from the octets alone."""

from __future__ import annotations

import json

from migma_platform.testing import World

from migma_core.message.certificate import Delivered

__all__ = ["expand"]


def expand(octets: bytes) -> Delivered:
    """
    What is sent, before Migma adds what marketing carries: its places filled by nobody's values, and the character
    reference of a brace shown as a browser shows it.
    """
    said = json.loads(octets)
    assert said["recipientType"] == "email"
    assert isinstance(said["transactional"], bool)
    world = World()
    world.deliver({**said, "transactional": True}, said["recipientEmail"], None, "1")
    (mail,) = world.mails
    name, _, address = mail.sender.rpartition(" <")
    html = mail.html.replace("{&#123;", "{{")
    return Delivered(
        (mail.to,), tuple(mail.headers.items()), mail.subject, None, html, (name, address[:-1]), mail.reply_to
    )
