"""The API: a call becomes one HTTP request, and whatever comes of that its answer or a problem. Pure and total."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeVar
from urllib.parse import urlencode

from migma_http import Answer, HttpRequest, HttpResponse, NoAnswer, Secret, Sent, read_json, retry_after, said
from pydantic import ValidationError
from returns.result import Failure, Result, Success

from .call import Call, Envelope
from .problem import Problem, ProblemKind

__all__ = ["BASE_URL", "Api"]

T = TypeVar("T")

BASE_URL: Final = "https://api.migma.ai/v1"
"""Migma's API, its version included."""

_KINDS: Final = {
    400: ProblemKind.VALIDATION,
    401: ProblemKind.UNAUTHORIZED,
    403: ProblemKind.FORBIDDEN,
    404: ProblemKind.NOT_FOUND,
    409: ProblemKind.CONFLICT,
    422: ProblemKind.VALIDATION,
    429: ProblemKind.RATE_LIMITED,
}
_DOUBTFUL: Final = frozenset({408, 425})  # reliability §2


@dataclass(frozen=True, slots=True)
class Api:
    """Where the API lives, and the key to it. It prints without the key."""

    key: Secret
    base_url: str = BASE_URL

    def request(self, call: Call[T]) -> HttpRequest:
        """The one request of a call, credentials included."""
        query = f"?{urlencode(call.query)}" if call.query else ""
        headers = (
            ("Authorization", f"Bearer {self.key.reveal()}"),
            ("Accept-Encoding", "identity"),
            ("User-Agent", "migma-core"),
            *((("Content-Type", call.media_type),) if call.body else ()),
            *((("Idempotency-Key", call.key),) if call.key is not None else ()),
        )
        return HttpRequest(call.method, f"{self.base_url}/{call.path}{query}", headers, call.body)

    def read(self, call: Call[T], answer: Answer) -> Result[T, Problem]:
        """What the answer says, or why there is none; for any status, any octets and no answer at all."""
        if isinstance(answer, NoAnswer):
            maybe = answer.sent is Sent.MAYBE
            return Failure(Problem(ProblemKind.UNANSWERED, call.name, said=answer.why, maybe_done=maybe))
        envelope = read_json(Envelope, answer.body).value_or(None)
        if not 200 <= answer.status < 300:  # noqa: PLR2004 - RFC 9110 §15.3
            return Failure(self._refusal(call, answer, envelope))
        if envelope is None:
            return Failure(self._unreadable(call, answer))
        if not envelope.success:
            return Failure(self._problem(ProblemKind.VALIDATION, call, answer, envelope))
        try:
            return Success(call.reads(envelope, call.query))
        except (ValidationError, ValueError, AttributeError, TypeError):
            return Failure(self._unreadable(call, answer))

    def _refusal(self, call: Call[T], answer: HttpResponse, envelope: Envelope | None) -> Problem:
        status = answer.status
        failed = status >= 500 or status in _DOUBTFUL  # noqa: PLR2004 - RFC 9110 §15.6
        kind = ProblemKind.INTERNAL if failed else _KINDS.get(status, ProblemKind.UNKNOWN)
        return self._problem(kind, call, answer, envelope, maybe_done=failed)

    def _problem(
        self,
        kind: ProblemKind,
        call: Call[T],
        answer: HttpResponse,
        envelope: Envelope | None,
        *,
        maybe_done: bool = False,
    ) -> Problem:
        told = envelope or Envelope(success=False)
        return Problem(
            kind,
            call.name,
            answer.status,
            self._words(told.error or told.message),
            self._words(told.code) or None,
            retry_after(answer),
            self._words(told.metadata.request_id) or None,
            maybe_done,
        )

    def _unreadable(self, call: Call[T], answer: HttpResponse) -> Problem:
        words = "the answer is not of the documented shape"
        return Problem(ProblemKind.UNREADABLE, call.name, answer.status, words, maybe_done=True)

    def _words(self, text: str | None) -> str:
        """Migma's own words as a log may hold them."""
        return said(self.key.out_of(text or ""))
