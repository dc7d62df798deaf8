"""Problems: everything that can come of a call but its answer, as a value with a sentence, or raised."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

__all__ = [
    "Conflict",
    "Forbidden",
    "InvalidCall",
    "MigmaError",
    "NotFound",
    "Problem",
    "ProblemKind",
    "RateLimited",
    "ServerFailed",
    "Unanswered",
    "Unauthorized",
    "Unreadable",
    "raised",
]


class ProblemKind(StrEnum):
    """What went wrong, under the names that Migma's own clients use, and two of ours."""

    VALIDATION = "validation_error"
    UNAUTHORIZED = "unauthorized"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    RATE_LIMITED = "rate_limit_exceeded"
    INTERNAL = "internal_error"
    UNANSWERED = "network_error"
    UNREADABLE = "unreadable"
    """It was carried out, and what came back cannot be read."""
    UNKNOWN = "unknown"


_MEND: Final = {
    ProblemKind.VALIDATION: "mend what it names and ask again",
    ProblemKind.UNAUTHORIZED: "the key is wrong or was revoked; make one in Migma's settings",
    ProblemKind.FORBIDDEN: "the key may not do this, or the sender's domain is not verified; look at both in Migma",
    ProblemKind.NOT_FOUND: "look at the id, the project's id and the base URL",
    ProblemKind.CONFLICT: "what is there stands against it; an idempotency key is for one body alone",
    ProblemKind.RATE_LIMITED: "ask again later",
    ProblemKind.INTERNAL: "nobody knows whether it was carried out; look before you repeat it",
    ProblemKind.UNANSWERED: "look at the connection",
    ProblemKind.UNREADABLE: "it was carried out; do not repeat it",
    ProblemKind.UNKNOWN: "look at the base URL",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """
    Why a call has no answer. ``call`` says which, ``said`` is Migma's word for it, the key and addresses taken out.

    ``wait`` is the number of seconds after which it may be asked again, where Migma says so; ``maybe_done`` is set
    where nobody knows, or it is certain, that the call was carried out.

    >>> print(Problem(ProblemKind.NOT_FOUND, "GET contacts/1", 404, "no such contact"))
    Migma says HTTP 404 to GET contacts/1: no such contact; look at the id, the project's id and the base URL
    """

    kind: ProblemKind
    call: str
    status: int = 0
    said: str = ""
    code: str | None = None
    wait: float | None = None
    request_id: str | None = None
    maybe_done: bool = False

    def __str__(self) -> str:
        who = f"Migma says HTTP {self.status} to {self.call}" if self.status else f"Migma does not answer {self.call}"
        code = f" ({self.code})" if self.code else ""
        when = f" in {self.wait:g} s" if self.wait is not None else ""
        return f"{who}{f': {self.said}' if self.said else ''}{code}; {_MEND[self.kind]}{when}"


class MigmaError(RuntimeError):
    """A call that was not answered as asked; ``problem`` says why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem

    def __reduce__(self) -> tuple[type[MigmaError], tuple[Problem]]:
        return type(self), (self.problem,)


class InvalidCall(MigmaError):
    """Migma refuses what the call holds (400)."""


class Unauthorized(MigmaError):
    """Migma does not know the key (401)."""


class Forbidden(MigmaError):
    """The key may not do this, or the sender may not send (403)."""


class NotFound(MigmaError):
    """There is no such thing (404)."""


class Conflict(MigmaError):
    """What is there stands against it (409)."""


class RateLimited(MigmaError):
    """Too many calls (429)."""


class ServerFailed(MigmaError):
    """Migma failed (5xx), and nobody knows how far it came."""


class Unanswered(MigmaError):
    """No answer came."""


class Unreadable(MigmaError):
    """It was carried out, and the answer cannot be read."""


_ERRORS: Final[dict[ProblemKind, type[MigmaError]]] = {
    ProblemKind.VALIDATION: InvalidCall,
    ProblemKind.UNAUTHORIZED: Unauthorized,
    ProblemKind.FORBIDDEN: Forbidden,
    ProblemKind.NOT_FOUND: NotFound,
    ProblemKind.CONFLICT: Conflict,
    ProblemKind.RATE_LIMITED: RateLimited,
    ProblemKind.INTERNAL: ServerFailed,
    ProblemKind.UNANSWERED: Unanswered,
    ProblemKind.UNREADABLE: Unreadable,
    ProblemKind.UNKNOWN: MigmaError,
}


def raised(problem: Problem) -> MigmaError:
    """
    The exception for a problem, of the class of its kind.

    >>> raised(Problem(ProblemKind.UNANSWERED, "POST sending"))
    Unanswered('Migma does not answer POST sending; look at the connection')
    """
    return _ERRORS[problem.kind](problem)
