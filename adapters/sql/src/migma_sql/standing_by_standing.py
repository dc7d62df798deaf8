"""
A page of deliveries written within SQLite, standing by standing: people who stand alike are decided about alike, and
none of them has to come to Python and back.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import (
    Column,
    Connection,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    and_,
    bindparam,
    delete,
    func,
    insert,
    select,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateTable

from migma_core.decision.policy import Policy
from migma_core.decision.record import Decision, record
from migma_core.decision.standing import Standing
from migma_core.delivery.delivery import DeliveryState, SendId

from .audience import Audience, Place, page_of
from .bulk import driver_rows
from .decisions import decision_columns, first_state
from .question import Question
from .refs import OWN_OCTETS, own_octets, series_of
from .schema import deliveries
from .standing import standing_of

__all__ = ["Asked", "write_alike"]


class Asked(NamedTuple):
    """Whose page it is, what is asked about everybody in it, and where it lies."""

    send: SendId
    question: Question
    audience: Audience
    place: Place


_beside = MetaData()
# tables of the connection alone, whose rows are gone before the next page
_people = Table(
    "fan_out_people",
    _beside,
    Column("number", Integer, primary_key=True),
    Column("place", Integer),
    Column("address_key", LargeBinary),
    Column("cell", Integer),
    Column("denials", Integer),
    prefixes=["TEMPORARY"],
)
_decisions = Table(
    "fan_out_decisions",
    _beside,
    Column("cell", Integer, primary_key=True),
    Column("denials", Integer, primary_key=True),
    Column("reasons", Text),
    Column("state", Text),
    prefixes=["TEMPORARY"],
    sqlite_with_rowid=False,
)


def write_alike(connection: Connection, asked: Asked, policy: Policy, now: datetime) -> tuple[int, int, int | None]:
    """
    Write the rows of the next people: how many they are, to how many of them is to be written, and after whom the next
    page begins, if others follow. Raises `ValueError` for a policy with rules outside its table.
    """
    policy.needs_no_person()
    _clear(connection)
    goes_on = _stage(connection, asked)
    standings, last = _standings(connection)
    decided = {standing: record(standing, policy, now) for standing in standings}
    if decided:
        connection.execute(insert(_decisions), list(map(_decided, decided.values())))
        refs = {"series": series_of(now), "own": own_octets(sum(standings.values()))}
        connection.execute(_INSERT, {**refs, "send": asked.send, "policy": policy.fingerprint, "now": now})
    planned = sum(people for one, people in standings.items() if first_state(decided[one]) is DeliveryState.READY)
    return sum(standings.values()), planned, last if goes_on else None


def _clear(connection: Connection) -> None:
    for table in (_people, _decisions):
        connection.execute(CreateTable(table, if_not_exists=True))
        connection.execute(delete(table))


def _stage(connection: Connection, asked: Asked) -> bool:
    """Put the next people aside, in their order; whether there are more than fit."""
    query, given = page_of(asked.question, asked.audience, asked.place)
    names = ("place", "address_key", "cell", "denials")
    connection.execute(insert(_people).from_select(names, query), given)
    one_more = delete(_people).where(_people.c.number > asked.place.limit)
    return connection.execute(one_more).rowcount > 0


def _standings(connection: Connection) -> tuple[Mapping[Standing, int], int | None]:
    """How many stand where, and the place of the last."""
    p = _people.c
    grouped = select(p.cell, p.denials, func.count(), func.max(p.place)).group_by(p.cell, p.denials)
    found = driver_rows(connection, grouped)
    standings = {standing_of(cell, denials): people for cell, denials, people, _ in found}
    return standings, max((place for *_, place in found), default=None)


def _decided(decision: Decision) -> dict[str, object]:
    columns = decision_columns(decision)
    return {**{name: columns[name] for name in ("cell", "denials", "reasons")}, "state": first_state(decision).value}


def _insert() -> sqlite.Insert:
    p, d = _people.c, _decisions.c
    own = func.substr(bindparam("own", type_=LargeBinary), (p.number - 1) * OWN_OCTETS + 1, OWN_OCTETS)
    now = bindparam("now", type_=deliveries.c.updated_at.type)
    values = {
        "ref": bindparam("series", type_=Text) + func.lower(func.hex(own)),
        "send_id": bindparam("send", type_=Text),
        "address_key": p.address_key,
        **{name: d[name] for name in ("cell", "denials", "reasons", "state")},
        "policy": bindparam("policy", type_=Text),
        "decided_at": now,
        "updated_at": now,
    }
    stand_so = and_(d.cell == p.cell, d.denials == p.denials)
    rows = select(*values.values()).select_from(_people.join(_decisions, stand_so)).order_by(p.number)
    # who has a row keeps it; a reference that there is already would be a fault, and is told as one
    one_each = [deliveries.c.address_key, deliveries.c.send_id]
    return sqlite.insert(deliveries).from_select(list(values), rows).on_conflict_do_nothing(index_elements=one_each)


_INSERT = _insert()
