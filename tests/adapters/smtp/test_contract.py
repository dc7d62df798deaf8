"""SMTP under the contract of providers, in both colours: its world is a server, and what that says at each stage."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import ExitStack, closing
from functools import cache

import pytest
from migma_smtp import Smtp, SmtpSettings

from migma_core import Batch, Outcome
from migma_core.ports import Provider
from migma_core.testing import HandOverLaws, ProviderLaws
from migma_core.testing.mail import plain_batch
from migma_core.testing.worlds import Told, World
from tests.support.batches import attempt_for
from tests.support.examples import few
from tests.support.smtp_servers import DROP, Say, Scripted, free_port, scripted_server

PASSWORD = "a pass phrase of 42 words"
STAGES = ("", "EHLO", "MAIL", "RCPT", "DATA")


_OPEN = ExitStack()


@cache
def server() -> Scripted:
    """One server for all laws, until the run ends."""
    return _OPEN.enter_context(scripted_server())


def settings(port: int) -> SmtpSettings:
    """For a server on loopback, with credentials."""
    return SmtpSettings.model_validate(
        {"host": "127.0.0.1", "port": port, "tls": "none", "user": "ada", "password": PASSWORD, "hello": "test.example"}
    )


def script_of(told: Told) -> dict[str, Say]:
    """
    What a server says that answers as HTTP's words would have it: yes; no to the password; not now, or no, at some
    stage; and for what is in doubt, anything at all after the final dot.
    """
    words = told.body.decode("latin-1").splitlines() or [""]

    def reply(code: int) -> Say:
        more = "".join(f"{code}-{line}\r\n" for line in words[:-1])
        return Say(f"{more}{code} {words[-1]}\r\n".encode("latin-1"))

    if 200 <= told.status < 300:
        return {".": reply(250)}
    if told.status == 401:
        return {"AUTH": reply(535)}
    if 400 <= told.status < 500:
        return {STAGES[told.status % len(STAGES)]: reply(told.status if told.status % 2 else told.status + 100)}
    if 500 <= told.status < 600:
        return {".": Say(told.body, closes=True) if told.status % 2 else reply(421)}
    return {STAGES[told.status % len(STAGES)]: Say(told.body, closes=True)}


def port_of(world: World) -> int:
    """Where the world is spoken to: a script of its own, or nobody."""
    if isinstance(world, Told):
        return server().says(script_of(world)).port
    return server().says({".": DROP}).port if world.maybe else free_port()


class TestSmtp(ProviderLaws):
    """Raw mail, read back by Python's own parser, and a conversation with a server on loopback."""

    secrets = (PASSWORD,)
    examples = few(25)
    envelope_apart = True

    def provider(self) -> Provider:
        """One that speaks to nobody."""
        return Smtp.connect(settings(9))

    def hand_over(self, batch: Batch, world: World) -> Sequence[Outcome]:
        """In a world of SMTP."""
        with closing(Smtp.connect(settings(port_of(world)))) as provider:
            parcel = provider.encode(batch)
            return provider.hand_over(batch, parcel, attempt_for(batch, parcel))


class TestAwaited(HandOverLaws):
    """The same, awaited."""

    secrets = (PASSWORD,)
    examples = few(10)  # the conversation is the same one

    def provider(self) -> Provider:
        """What encodes."""
        return TestSmtp().provider()

    def hand_over(self, batch: Batch, world: World) -> Sequence[Outcome]:
        """In an event loop, while a thread talks."""

        async def handed() -> Sequence[Outcome]:
            provider = Smtp.connect_async(settings(port_of(world)))
            parcel = provider.encode(batch)
            try:
                return await provider.hand_over(batch, parcel, attempt_for(batch, parcel))
            finally:
                await provider.close()

        return asyncio.run(handed())


def test_both_colours_say_the_same_of_themselves() -> None:
    """Capabilities and name, whichever way it is asked."""
    made = settings(9)
    assert Smtp.connect_async(made).capabilities is Smtp.connect(made).capabilities
    assert repr(Smtp.connect_async(made)) == f"Async{Smtp.connect(made)!r}" == "AsyncSmtpProvider(127.0.0.1:9)"


@pytest.mark.parametrize("status", [200, 401, 404, 429, 500, 503, 302])
def test_these_worlds_are_spoken_to(status: int) -> None:
    """The laws would hold of a provider that reaches nobody: each kind of answer here is really given."""
    TestSmtp().hand_over(plain_batch(1), Told(status, (), b"word"))
    assert server().connections == 1
