"""Repeating: a caller who lost the answer asks again under the same key, and is answered as before (R63)."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Final, Literal, NamedTuple, TypeAlias

from migma_wire.json import request_to_json

from migma_core.delivery import CampaignStatus, SendId
from migma_core.ports import CallerKey, Conflicting, Fresh, InProgress, KeyHold, Replayed, StoreFault
from migma_core.request import SendRequest

from .parts import Parts

__all__ = [
    "RETENTION",
    "KeyConflict",
    "KeyInProgress",
    "TakenKey",
    "is_final",
    "let_go",
    "let_go_where_refused",
    "take_key",
]

RETENTION: Final = timedelta(hours=24)
"""For how long an answer is given again under its key; after that the key is free (R63)."""

Operation: TypeAlias = Literal["send", "campaigns.create"]
"""What is made under a key; the same word is another key for each."""

_ENDED: Final = frozenset({CampaignStatus.SENT, CampaignStatus.FAILED, CampaignStatus.CANCELLED})


class KeyConflict(ValueError):
    """The key was used for another request; nothing was done."""

    def __init__(self) -> None:
        super().__init__(
            "this idempotency key was used for another request; nothing was done: repeat that request word for word, "
            "or take a new key for this one"
        )


class KeyInProgress(RuntimeError):
    """The request under this key is being carried out; ask again in ``seconds``."""

    def __init__(self, seconds: float) -> None:
        super().__init__(
            f"the request under this idempotency key is being carried out; nothing was done twice: ask again in "
            f"{max(1, round(seconds))} s"
        )
        self.seconds = seconds


class TakenKey(NamedTuple):
    """A key that is ours, and the send that an earlier run made under it."""

    hold: KeyHold
    made: SendId | None


def take_key(parts: Parts, request: SendRequest, key: str, of: Operation, also: str | bool) -> TakenKey | str:
    """
    Take a key, or get the answer that was given under it, as it was written. ``also`` is what else was asked for.

    Raises `KeyConflict`, `KeyInProgress`, and `ValueError` for what is no key.
    """
    caller, now = CallerKey(request.project, of, key), parts.clock.now()
    keys = parts.store.idempotency_keys
    keys.forget(now - RETENTION)
    match keys.begin(caller, _digest(parts, request, also), now):
        case Fresh(fence, made):
            return TakenKey(KeyHold(caller, fence), made)
        case Replayed(result):
            return result
        case InProgress(seconds):
            raise KeyInProgress(seconds)
        case Conflicting():
            raise KeyConflict


def is_final(status: str) -> bool:
    """
    Whether an answer is kept for every repetition. One that says that something is left to do is not: the repetition
    does it (R63 keeps no answer of an overload or a fault either).
    """
    return status in _ENDED


@contextmanager
def let_go_where_refused(parts: Parts, hold: KeyHold) -> Iterator[None]:
    """A request that is refused does not occupy its key."""
    try:
        yield
    except BaseException:
        let_go(parts, hold)
        raise


def let_go(parts: Parts, hold: KeyHold) -> None:
    """Leave a key to whoever repeats the request."""
    with suppress(StoreFault):  # its lease runs out
        parts.store.idempotency_keys.release(*hold)


def _digest(parts: Parts, request: SendRequest, also: str | bool) -> str:
    """A keyed hash of everything that was asked for: the same request has the same, and it tells nobody what it was."""
    files = [hashlib.sha256(one.data).hexdigest() for one in request.content.attachments]
    names = [(one.filename, one.media_type, one.content_id) for one in request.content.attachments]
    said = json.dumps([request_to_json(request), files, names, also], sort_keys=True, ensure_ascii=True)
    return hmac.digest(parts.keys.pepper_bytes(), said.encode(), "sha256").hex()
