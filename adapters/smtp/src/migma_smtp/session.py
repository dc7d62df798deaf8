"""Sessions: one open connection, and the transactions on it, one after the other (RFC 5321 §3.3; reliability §14)."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from time import monotonic
from typing import Final

from migma_core.delivery import NotSent, Outcome, Rejected, Scope, Unknown

from .dialogue import Dialogue
from .letter import CannotCarry, Letter
from .opening import fault_of, open_dialogue, reply_of
from .outcomes import EXPECTED, outcome_of
from .reply import Reply, Stage
from .server import Server

__all__ = ["Session"]

_FAREWELL: Final = 2.0
_GO_ON: Final = 354
_LEAVING: Final = 421
_LOST_STEP: Final = 503
_FORWARDED: Final = frozenset({251, 252})


class Session:
    """
    An open connection. `transact` sends one letter, and says exactly what became of it.

    Raises `migma_smtp.opening.CannotOpen` where there is none to be had.
    """

    __slots__ = ("_begun", "_dialogue", "_dotted", "_server", "is_sound", "last_used", "letters")

    def __init__(self, server: Server) -> None:
        self._server = server
        self._dialogue: Dialogue = open_dialogue(server)
        self._begun = self._dotted = False
        self.is_sound = True
        self.letters = 0
        self.last_used = monotonic()

    def transact(self, letter: Letter) -> Outcome:
        """One transaction, begun at most once; whatever is raised is an answer."""
        self._dotted = False
        try:
            outcome = self._cannot_carry(letter) or self._sent(letter, letter.body)
        except CannotCarry as fault:
            outcome = Rejected(Scope.REQUEST, str(fault))
        except OSError as fault:  # every exception of smtplib is one
            outcome = self._lost(fault)
        except Exception as unforeseen:  # noqa: BLE001 - D7: an exception nobody listed
            self.is_sound = False
            outcome = Unknown(f"{type(unforeseen).__name__} while sending")
        self.last_used = monotonic()
        return outcome

    def answers(self) -> bool:
        """Whether it is still there and in step, asked with RSET."""
        try:
            self.is_sound = self._ask(((Stage.RSET, "RSET"),)) is None
        except OSError:
            self.is_sound = False
        self._begun = not self.is_sound
        return self.is_sound

    @property
    def is_quiet(self) -> bool:
        """Whether the server has said nothing since its last answer, and not left; without asking."""
        return self._dialogue.is_quiet

    def close(self) -> None:
        """Leave, with a word where the connection is sound."""
        with suppress(OSError):
            if self.is_sound:
                self._dialogue.patience = _FAREWELL
                self._dialogue.docmd("QUIT")
        self.is_sound = False
        with suppress(OSError):
            self._dialogue.close()

    def _cannot_carry(self, letter: Letter) -> Outcome | None:
        """What the server has said that it does not take, so that nothing of it is begun."""
        if letter.needs_utf8 and not self._dialogue.has_extn("smtputf8"):
            whose = Scope.RECIPIENT if letter.recipient.is_international else Scope.REQUEST
            return Rejected(whose, "the server has no SMTPUTF8, which an address outside ASCII needs (RFC 6531)")
        limit = self._dialogue.esmtp_features.get("size", "")
        if limit.isascii() and limit.isdigit() and 0 < int(limit) < len(letter.octets):  # 0 is no limit (RFC 1870 §4)
            return Rejected(
                Scope.REQUEST,
                f"the message has {len(letter.octets)} octets, the server takes {limit}; attach less, or send a link",
            )
        return None

    def _sent(self, letter: Letter, body: bytes) -> Outcome:
        """The envelope, the server's word that it waits for the message, and the message."""
        mail = (Stage.MAIL, f"MAIL FROM:<{letter.sender}>{self._parameters(letter)}")
        rcpt = (Stage.RCPT, f"RCPT TO:<{letter.recipient}>")
        envelope = ((Stage.RSET, "RSET"), mail, rcpt) if self._begun else (mail, rcpt)
        self._begun = True
        self.letters += 1
        return self._ask((*envelope, (Stage.DATA, "DATA"))) or self._handed_over(body)

    def _handed_over(self, body: bytes) -> Outcome:
        """The message, and then the dot: until that is written nobody can have taken it, from then on anybody may."""
        self._dialogue.patience = self._server.data_seconds
        self._dialogue.write(body)
        if not self._dialogue.is_quiet:
            return self._interrupted()
        self._end()
        reply = self._reply()
        outcome = outcome_of(Stage.END, reply)
        self.is_sound = not isinstance(outcome, Unknown)
        return outcome

    def _interrupted(self) -> Outcome:
        """What is said before the dot refuses half-way, or answers something else: it must not be read as a yes."""
        self.is_sound = False
        return outcome_of(Stage.DATA, self._reply())

    def _end(self) -> None:
        self._dotted = True
        try:
            self._dialogue.write(b".\r\n")
        except (BrokenPipeError, ConnectionResetError):
            self._dotted = False  # the system took nothing of it: the connection was gone before
            raise

    def _parameters(self, letter: Letter) -> str:
        """What MAIL FROM says of the message (RFC 1870 §6, RFC 6152 §2, RFC 6531 §3.4)."""
        size = f" SIZE={len(letter.octets)}" if self._dialogue.has_extn("size") else ""
        eight = " BODY=8BITMIME" if not letter.octets.isascii() and self._dialogue.has_extn("8bitmime") else ""
        return f"{size}{eight}{' SMTPUTF8' if letter.needs_utf8 else ''}"

    def _ask(self, commands: Sequence[tuple[Stage, str]]) -> Outcome | None:
        """Give commands, all at once where the server takes that (RFC 2920); the first refusal, or ``None``."""
        self._dialogue.patience = self._server.reply_seconds
        if self._dialogue.has_extn("pipelining"):
            return self._ask_at_once(commands)
        return next((no for one in commands if (no := self._ask_at_once((one,))) is not None), None)

    def _ask_at_once(self, commands: Sequence[tuple[Stage, str]]) -> Outcome | None:
        self._dialogue.write("".join(f"{command}\r\n" for _, command in commands).encode())
        refused: Outcome | None = None
        for stage, _ in commands:  # each answer is read, also after a refusal, so as to stay in step
            code, text = self._dialogue.getreply()
            if refused is not None:
                # whoever waits for a message all the same, or leaves, is of no more use (RFC 2920 §3.1)
                self.is_sound = code not in {_GO_ON, _LEAVING}
            elif code != EXPECTED.get(stage, 250) and not (stage is Stage.RCPT and code in _FORWARDED):
                refused = outcome_of(stage, reply_of(code, text, self._server.credentials))
                self.is_sound = stage is not Stage.RSET and _is_refusal(code)
            if not self.is_sound:
                break
        return refused

    def _reply(self) -> Reply:
        return reply_of(*self._dialogue.getreply(), self._server.credentials)

    def _lost(self, fault: OSError) -> Outcome:
        self.is_sound = False
        if self._dotted:
            return Unknown(f"no answer to the end of the message: {fault_of(fault)}")
        return NotSent(f"the connection was lost before the end of the message: {fault_of(fault)}")

    def __repr__(self) -> str:
        return f"<Session with {self._server}, {self.letters} letters>"


def _is_refusal(code: int) -> bool:
    """Whether the conversation can go on after this: 421 ends it, 503 says that it has lost step."""
    return 400 <= code < 600 and code not in {_LEAVING, _LOST_STEP}  # noqa: PLR2004 - RFC 5321 §4.2.1
