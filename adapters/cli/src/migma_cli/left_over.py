"""What an earlier run left, in sentences: where a send goes on, what is on its way, and what a person must settle."""

from __future__ import annotations

from collections.abc import Iterator

from migma_runtime import SendAnswer

from migma_core.delivery import CampaignStatus, DeliveryState

__all__ = ["on_its_way", "what_is_held", "where_it_stopped"]


def where_it_stopped(answer: SendAnswer) -> str | None:
    """Where a send that was begun goes on; ``None`` for one that was not, or that has ended."""
    if answer.status not in {CampaignStatus.SENDING, CampaignStatus.PAUSED} or not answer.states:
        return None
    done, ready = answer.sent_count, answer.states.get(DeliveryState.READY, 0)
    return " ".join([f"Taking up where it stopped: {done:,} accepted so far, {ready:,} to go.", *_open(answer)])


def what_is_held(answer: SendAnswer, send: str) -> str | None:
    """What nobody can know, and which command settles it; ``None`` where nothing is held."""
    held = answer.states.get(DeliveryState.HELD, 0)
    if not held:
        return None
    return (
        f"{_messages(held)} held: nobody knows whether {answer.provider} took {_them(held)}, and nothing is sent again "
        f"unasked. Look with: migma campaigns held {send}"
    )


def on_its_way(answer: SendAnswer) -> str | None:
    """What cannot be settled yet, and when it can; ``None`` where everything is known."""
    return next(_open(answer), None)


def _open(answer: SendAnswer) -> Iterator[str]:
    """In doubt, and not yet in doubt: whoever has it may still be at work."""
    way = answer.states.get(DeliveryState.IN_FLIGHT, 0) + answer.states.get(DeliveryState.CLAIMED, 0)
    if way:
        yield f"{_messages(way)} in the hands of a worker, or of one that stopped: settled once its lease is over."
    if doubt := answer.states.get(DeliveryState.UNKNOWN, 0):
        yield f"{_messages(doubt)} handed over, and no answer is on record: settled first."


def _messages(number: int) -> str:
    return "1 message is" if number == 1 else f"{number:,} messages are"


def _them(number: int) -> str:
    return "it" if number == 1 else "them"
