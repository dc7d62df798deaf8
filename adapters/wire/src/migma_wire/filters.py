"""The product's filter objects: segments as its API and command line write them, read and written back (§1.5)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal, TypeAlias

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from migma_core.audience.contact import Status, Validation
from migma_core.audience.engagement import Engaged, EngagementAction, EngagementMode, TimeUnit
from migma_core.audience.fields import FieldIs, Mode
from migma_core.audience.segment import AllOf, AnyOf, Condition, Not, StatusIs, Tagged, ValidationIs

from .json import InvalidJson

__all__ = ["filter_from_json", "filter_to_json"]

Value: TypeAlias = str | int | float


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class _Field(_Strict):
    key: str
    mode: Mode = Mode.IS
    values: tuple[Value, ...]


class _Activity(_Strict):
    action: EngagementAction
    channel: Literal["email"] = "email"
    mode: EngagementMode
    unit: TimeUnit | None = None
    amount: int | None = None
    since: AwareDatetime | None = Field(None, alias="from")
    until: AwareDatetime | None = Field(None, alias="to")
    campaign: str | None = Field(None, alias="campaignId")


class _Filter(_Strict):
    match: Literal["all", "any"] = "all"
    groups: tuple[_Filter, ...] = ()
    tags: tuple[str, ...] = ()
    exclude_tags: tuple[str, ...] = Field((), alias="excludeTags")
    status: Status | None = None
    validation: Validation | None = Field(None, alias="validationStatus")
    custom_fields: Mapping[str, tuple[Value, ...]] = Field(default_factory=dict, alias="customFields")
    fields: tuple[_Field, ...] = ()
    activity: tuple[_Activity, ...] = ()


def filter_from_json(data: Any) -> AllOf | AnyOf:
    """
    Read a filter object, text or parsed. An empty root matches everybody; an empty group is refused.

    Tags are names here, where the product's API has ids. Raises `InvalidJson`.

    >>> filter_from_json({"tags": ["beta"], "status": "subscribed"})
    AllOf(parts=(Tagged(tags=('beta',)), StatusIs(status=<Status.SUBSCRIBED: 'subscribed'>)))
    """
    try:
        read = _Filter.model_validate_json(data) if isinstance(data, str | bytes) else _Filter.model_validate(data)
        return _group(read, is_root=True)
    except ValidationError as wrong:
        raise InvalidJson(_told(wrong)) from None
    except ValueError as wrong:
        raise InvalidJson(str(wrong)) from None


def filter_to_json(condition: Condition) -> dict[str, Any]:
    """
    Write a condition as a filter object. Raises `InvalidJson` for one that the product has no words for: the negation
    of anything but tags, and an empty group.

    >>> filter_to_json(AnyOf((Tagged(("beta",)), StatusIs(Status.SUBSCRIBED))))
    {'match': 'any', 'tags': ['beta'], 'status': 'subscribed'}
    """
    group = condition if isinstance(condition, AllOf | AnyOf) else AllOf((condition,))
    return _written(group).model_dump(mode="json", by_alias=True, exclude_defaults=True)


def _group(read: _Filter, *, is_root: bool = False) -> AllOf | AnyOf:
    parts = tuple(_parts(read))
    if not parts and not is_root:
        raise ValueError("a nested group holds at least one condition; leave the empty one out")
    return AnyOf(parts) if parts and read.match == "any" else AllOf(parts)


def _parts(read: _Filter) -> Iterator[Condition]:
    if read.tags:
        yield Tagged(read.tags)
    if read.exclude_tags:
        yield Not(Tagged(read.exclude_tags))
    if read.status is not None:
        yield StatusIs(read.status)
    if read.validation is not None:
        yield ValidationIs(read.validation)
    for key, values in read.custom_fields.items():
        yield FieldIs(key, Mode.IS, values)
    for one in read.fields:
        yield FieldIs(one.key, one.mode, one.values)
    for asked in read.activity:
        yield _engaged(asked)
    yield from (_group(group) for group in read.groups)


def _engaged(asked: _Activity) -> Engaged:
    return Engaged(**asked.model_dump(exclude={"channel"}))


def _written(group: AllOf | AnyOf) -> _Filter:
    """One level: a second tag list, status or validation state goes into a group of its own, to the same effect."""
    level = _Filter(match="any" if isinstance(group, AnyOf) else "all")
    for part in group.parts:
        _add(level, part)
    return level


def _add(level: _Filter, part: Condition) -> None:
    match part:
        case Tagged(tags) if not level.tags:
            level.tags = tags
        case Not(Tagged(tags)) if not level.exclude_tags:
            level.exclude_tags = tags
        case StatusIs(status) if level.status is None:
            level.status = status
        case ValidationIs(validation) if level.validation is None:
            level.validation = validation
        case FieldIs(key, mode, values):
            level.fields = (*level.fields, _Field(key=key, mode=mode, values=values))
        case Engaged():
            level.activity = (*level.activity, _activity(part))
        case AllOf(parts) | AnyOf(parts) if parts:
            level.groups = (*level.groups, _written(part))
        case Tagged() | Not(Tagged()) | StatusIs() | ValidationIs():
            level.groups = (*level.groups, _written(AllOf((part,))))
        case _:
            raise InvalidJson(f"the product's filters have no words for this {part.kind!r}; use our own JSON instead")


def _activity(asked: Engaged) -> _Activity:
    return _Activity(
        action=asked.action,
        mode=asked.mode,
        unit=asked.unit,
        amount=asked.amount,
        since=asked.since,
        until=asked.until,
        campaign=asked.campaign,
    )


def _told(wrong: ValidationError) -> str:
    errors = wrong.errors(include_url=False, include_input=False)
    return "; ".join(f"{'.'.join(map(str, one['loc'])) or 'the whole'}: {one['msg']}" for one in errors)
