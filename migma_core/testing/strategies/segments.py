"""Strategies for segments and their conditions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ...audience.contact import Status, Validation
from ...audience.engagement import Engaged, EngagementAction, EngagementMode, TimeUnit
from ...audience.fields import FieldIs, Mode
from ...audience.segment import AllOf, AnyOf, Condition, Not, Segment, SegmentId, StatusIs, Tagged, ValidationIs
from ...audience.values import Scalar, canonical
from .audience import CAMPAIGNS, field_names, tags
from .values import WORDS, Narrowed, moments, or_else, references

__all__ = [
    "conditions",
    "engaged_conditions",
    "segments",
]


def engaged_conditions() -> SearchStrategy[Engaged]:
    """Questions about engagement, in every mode, about any campaign or one of a few."""
    return st.builds(
        lambda asked, campaign: replace(asked, campaign=campaign),
        _times_asked(),
        st.none() | st.sampled_from(CAMPAIGNS),
    )


def conditions(
    *, tag: Narrowed[str] = None, key: Narrowed[str] = None, levels: int = 4, engaged: bool = False
) -> SearchStrategy[Condition]:
    """
    Conditions of up to ``levels`` levels of groups, the root's included; four are the most a segment holds.

    With ``engaged`` some ask about events, of any campaign: to match those takes events and the present.
    """
    leaf = _leaf_conditions(or_else(tag, tags()), or_else(key, field_names()))
    leaf = leaf | _times_asked() if engaged else leaf
    built: SearchStrategy[Condition] = leaf | st.builds(Not, leaf)
    for width in (2, 2, 3, 4)[:levels]:  # at most 48 conditions in all; a segment takes 50
        parts = st.lists(built, max_size=width).map(tuple)
        some = st.lists(built, min_size=1, max_size=width).map(tuple)
        built = built | st.builds(AllOf, parts) | st.builds(AnyOf, some)
        built = built | st.builds(Not, built)
    return built


def segments(*, condition: Narrowed[Condition] = None) -> SearchStrategy[Segment]:
    """Named audiences within the product's limits."""
    named = st.text(min_size=1, max_size=200).filter(lambda text: bool(text.strip()))
    return st.builds(Segment, references().map(SegmentId), named, or_else(condition, conditions(engaged=True)))


def _leaf_conditions(tags: SearchStrategy[str], keys: SearchStrategy[str]) -> SearchStrategy[Condition]:
    fields_are = {mode: st.builds(FieldIs, keys, st.just(mode), _bounds(mode)) for mode in Mode}
    return (
        st.builds(Tagged, st.lists(tags, min_size=1, max_size=3).map(tuple))
        | st.builds(StatusIs, st.sampled_from(Status))
        | st.builds(ValidationIs, st.sampled_from(Validation))
        | st.sampled_from(Mode).flatmap(fields_are.__getitem__)
    )


def _times_asked() -> SearchStrategy[Engaged]:
    actions = st.sampled_from(EngagementAction)
    looking_back = st.builds(
        Engaged,
        action=actions,
        mode=st.sampled_from((EngagementMode.WITHIN, EngagementMode.BEFORE)),
        amount=st.integers(1, 8_760),
        unit=st.sampled_from(TimeUnit),
    )
    ever = st.builds(Engaged, action=actions, mode=st.just(EngagementMode.NEVER))
    ends = st.tuples(moments(), moments()).map(sorted)
    between = st.builds(
        lambda action, ends: Engaged(action=action, mode=EngagementMode.BETWEEN, since=ends[0], until=ends[1]),
        actions,
        ends,
    )
    return looking_back | ever | between


def _bounds(mode: Mode) -> SearchStrategy[tuple[str | int | float, ...]]:
    if not mode.startswith(("number", "date")):
        words = st.sampled_from(WORDS) | st.text(max_size=5) | st.integers(-20, 20) | _finite()
        return st.lists(words, min_size=1, max_size=3).map(tuple)
    numeric = mode.startswith("number")
    bound: SearchStrategy[str | int | float] = _numbers() if numeric else _dates()
    wanted = 2 if mode.endswith("between") else 1
    key: Callable[[str | int | float], str | int] = _as_number if numeric else _as_instant
    return st.lists(bound, min_size=wanted, max_size=wanted).map(lambda some: tuple(sorted(some, key=key)))


def _finite() -> SearchStrategy[float]:
    return st.floats(allow_nan=False, allow_infinity=False)


def _numbers() -> SearchStrategy[str | int | float]:
    written = st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-(10**6), max_value=10**6).map(str)
    return st.integers(-20, 20) | st.integers(-(10**30), 10**30) | _finite() | written


def _dates() -> SearchStrategy[str | int | float]:
    return st.dates().map(str) | st.datetimes().map(str) | moments().map(lambda moment: moment.isoformat())


def _as_number(value: Scalar) -> str:
    read = canonical(value)
    assert read is not None
    assert read.number is not None, f"_numbers drew {value!r}"
    return read.number


def _as_instant(value: Scalar) -> int:
    read = canonical(value)
    assert read is not None
    assert read.instant is not None, f"_dates drew {value!r}"
    return read.instant
