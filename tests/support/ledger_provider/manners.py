"""Manners: the ways in which a provider misbehaves, and the script that says which request meets which."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random
from typing import Any

__all__ = ["CLEAR", "TAKES", "Manner", "Script"]


class Manner(StrEnum):
    """What becomes of one request."""

    ACCEPT = "accept"
    ACCEPT_THEN_DROP = "accept, then drop the connection"
    ACCEPT_THEN_DELAY = "accept, then answer too late"
    ACCEPT_THEN_500 = "accept, then 500"
    ACCEPT_GARBAGE = "accept, and answer garbage"
    ACCEPT_HALF_A_BODY = "accept, and answer half a body"
    FORGET_KEYS = "forget idempotency keys, then accept"
    REFUSE_ONE = "refuse the first address"
    THROTTLE = "429"
    THROTTLE_FOR = "429 with Retry-After"
    UNAVAILABLE = "503"
    REFUSE_UNREAD = "hang up before reading"
    BAD_KEY = "401"
    SUSPENDED = "403"


TAKES = frozenset(one for one in Manner if one.name.startswith("ACCEPT")) | {Manner.FORGET_KEYS, Manner.REFUSE_ONE}
"""Those that take mail; all others take nothing."""

CLEAR = frozenset(
    {
        *(Manner.ACCEPT, Manner.ACCEPT_GARBAGE, Manner.ACCEPT_HALF_A_BODY, Manner.FORGET_KEYS, Manner.REFUSE_ONE),
        *(Manner.THROTTLE, Manner.THROTTLE_FOR, Manner.BAD_KEY, Manner.SUSPENDED),
    }
)
"""Those whose answer leaves no doubt (reliability §2): after any other nobody can know."""


@dataclass(frozen=True, slots=True)
class Script:
    """
    Which request meets which manner, from the moment the script is given: each of ``manners`` in turn, then ``then``;
    with ``shares`` drawn at random instead, by ``seed`` and the number of the request alone. Addresses in ``refused``
    are never taken. ``seconds`` is how late a late answer is, ``retry_after`` what the throttle says.
    """

    manners: tuple[Manner, ...] = ()
    then: Manner = Manner.ACCEPT
    shares: Mapping[Manner, float] = field(default_factory=dict)
    seed: int = 0
    refused: frozenset[str] = frozenset()
    seconds: float = 2.0
    retry_after: str = "1"

    def manner(self, number: int) -> Manner:
        """That of the request with this number, from 0 on."""
        if number < len(self.manners):
            return self.manners[number]
        if not self.shares:
            return self.then
        draw = Random(f"{self.seed}/{number}")  # noqa: S311 - a draw that repeats is the point
        return draw.choices(list(self.shares), list(self.shares.values()))[0]

    def to_json(self) -> dict[str, Any]:
        """As it travels to the server."""
        return {
            "manners": [one.name for one in self.manners],
            "then": self.then.name,
            "shares": {one.name: share for one, share in self.shares.items()},
            "seed": self.seed,
            "refused": sorted(self.refused),
            "seconds": self.seconds,
            "retry_after": self.retry_after,
        }

    @classmethod
    def from_json(cls, given: Mapping[str, Any]) -> Script:
        """As it arrives there."""
        return cls(
            tuple(Manner[name] for name in given["manners"]),
            Manner[given["then"]],
            {Manner[name]: share for name, share in given["shares"].items()},
            given["seed"],
            frozenset(given["refused"]),
            given["seconds"],
            given["retry_after"],
        )
