"""Outcomes: what Migma's answer to a direct send means for its message (design D8; the README lists them)."""

from __future__ import annotations

import re
from dataclasses import replace

from migma_http import Answer, HttpResponse, usual_outcome
from returns.pipeline import is_successful

from migma_core.delivery import Accepted, Outcome, Rejected, Scope

from .api import Api
from .call import Call
from .problem import Problem, ProblemKind
from .resources.sending import Sent

__all__ = ["outcome_of"]

_ID = re.compile(r"[!-~]{1,200}")
# Migma's refusals are words alone (A20): these are the ones that name a field of the recipient, or the sender's side
_OF_THE_RECIPIENT = re.compile(r"recipient\s?email", re.IGNORECASE)
_OF_THE_ACCOUNT = re.compile(r"domain|provider|quota|limit reached|suspend", re.IGNORECASE)


def outcome_of(api: Api, asked: Call[Sent], answer: Answer) -> Outcome:
    """The outcome of one send. Total."""
    read = api.read(asked, answer)
    if is_successful(read):
        return Accepted(_id(read.unwrap()))
    if not isinstance(answer, HttpResponse):
        return usual_outcome(answer)
    return _refusal(answer, read.failure())


def _refusal(answer: HttpResponse, problem: Problem) -> Outcome:
    words = f"{problem.said}{f' ({problem.code})' if problem.code else ''}"
    outcome = usual_outcome(answer, words)
    if isinstance(outcome, Accepted) and problem.kind is ProblemKind.VALIDATION:
        return Rejected(Scope.REQUEST, f"HTTP {answer.status}, and yet refused: {words}")
    if isinstance(outcome, Rejected) and outcome.scope is Scope.REQUEST:
        return replace(outcome, scope=_whose(problem))
    return outcome


def _whose(problem: Problem) -> Scope:
    """Whose fault a refusal is, by its words where nothing else says it; that a project is missing is the account's."""
    if problem.kind is ProblemKind.NOT_FOUND:
        return Scope.ACCOUNT
    if _OF_THE_RECIPIENT.search(problem.said):
        return Scope.RECIPIENT
    return Scope.ACCOUNT if _OF_THE_ACCOUNT.search(problem.said) else Scope.REQUEST


def _id(sent: Sent) -> str | None:
    found = sent.reference
    return found if found is not None and _ID.fullmatch(found) else None
