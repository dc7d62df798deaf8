"""Topics: each side has those of the other, by name; who is who is kept, so that a send names the right one (R20)."""

from __future__ import annotations

from migma_core.audience import DefaultSubscription, Topic, TopicId, Visibility

from ..resources import topics as api
from ..resources.topics import Topic as TheirTopic
from .task import Pass

__all__ = ["keep_topics"]


def keep_topics(task: Pass) -> None:
    """
    Make the missing ones on either side, with their default, which is fixed from then on (R25).

    Two of one name and different defaults are two things: they are not joined, and no marketing goes through Migma on
    them.
    """
    there = {one.name: one for one in task.ask(api.list_all(task.there))}
    known: dict[TopicId, str] = {}
    for ours in task.store.topics.list(task.project.id):
        theirs = there.pop(ours.name, None) or _give(task, ours)
        if theirs.default_subscription == ours.default.value:
            known[ours.id] = theirs.id
        else:
            task.notes.append(
                f"the topic {ours.name} is {ours.default.value} here and {theirs.default_subscription} there: "
                "rename one of them"
            )
    for theirs in there.values():
        if theirs.name.strip():
            known[_take(task, theirs).id] = theirs.id
    task.store.syncs.link_topics(task.project.id, task.provider, known)


def _give(task: Pass, ours: Topic) -> TheirTopic:
    task.counts["topics_added_there"] += 1
    return task.ask(
        api.create(
            task.there,
            ours.name,
            default=ours.default.value,
            visibility=ours.visibility.value,
            description=ours.description or None,
        )
    )


def _take(task: Pass, theirs: TheirTopic) -> Topic:
    task.counts["topics_added_here"] += 1
    visibility = Visibility.PUBLIC if theirs.visibility == Visibility.PUBLIC else Visibility.PRIVATE
    return task.store.topics.create(
        task.project.id,
        theirs.name,
        task.clock.now(),
        default=DefaultSubscription(theirs.default_subscription),
        visibility=visibility,
        description=theirs.description or "",
    )
