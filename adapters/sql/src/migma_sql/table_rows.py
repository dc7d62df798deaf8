"""Your own table, read in place: columns and conditions of SQLAlchemy become the facts that are decided about."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from migma_wire import to_address
from sqlalchemy import ColumnElement, Engine, LargeBinary, Select, Text, cast, collate, func, literal, or_, select

from migma_core.audience.address import Address
from migma_core.audience.suppression import Denials
from migma_core.decision import OwnRow, OwnRows

__all__ = ["TableRows"]

_PAGE = 1_000
_DENIALS = {
    "bounced": Denials.HARD_BOUNCE,
    "complained": Denials.COMPLAINT,
    "manual": Denials.MANUAL,
    "erased": Denials.ERASED,
    "unsubscribed": Denials.UNSUBSCRIBED,
    "objected": Denials.OBJECTION,
}


class TableRows(OwnRows):
    """
    The people of a table of yours. Columns may be those of a mapped class, and any condition that SQL can say.

    ``ref`` names a row for you, ``address`` holds the address, ``subscribed`` is a boolean or a word of `Status`. What
    stands against a row are conditions: ``bounced``, ``complained``, ``manual``, ``erased``, ``unsubscribed``,
    ``objected``. ``where`` says who belongs to the audience. A null in any of them withholds (A-01).

    Nothing is written and nothing is copied. Addresses beyond ASCII, or with blanks, are looked for among all rows: say
    ``plain=True`` where your table has none (a constraint, or a check at sign-up), and an index on ``lower(address)``
    finds a person at once and spares sorting everybody.
    """

    read_address = staticmethod(to_address)

    def __init__(  # noqa: PLR0913 - one keyword for each thing a table may say
        self,
        engine: Engine,
        *,
        ref: Any,
        address: Any,
        subscribed: Any,
        validation: Any = None,
        consent: Any = None,
        bounced: Any = None,
        complained: Any = None,
        manual: Any = None,
        erased: Any = None,
        unsubscribed: Any = None,
        objected: Any = None,
        where: Any = None,
        plain: bool = False,
    ) -> None:
        said = {"bounced": bounced, "complained": complained, "manual": manual}
        said |= {"erased": erased, "unsubscribed": unsubscribed, "objected": objected}
        against = {_DENIALS[name]: one for name, one in said.items() if one is not None}
        validation = literal("unknown") if validation is None else validation
        consent = literal("none") if consent is None else consent
        query: Any = select(ref, address, subscribed, validation, consent, *against.values())
        self._engine = engine
        self._column: ColumnElement[str] = cast(address, Text)
        self._denials = tuple(against)
        self._query: Select[Any] = query if where is None else query.where(where)
        self._plain = plain

    def rows(self) -> Iterable[OwnRow]:
        """Everyone, in the order of their addresses; compared octet by octet, whatever the database's language is."""
        return self._read(self._query.order_by(self._lowered()))

    def rows_of(self, address: Address) -> Iterable[OwnRow]:
        """Rows that hold the address in any case."""
        return self._read(self._query.where(self._lowered() == address.canonical))

    def odd_rows(self) -> Iterable[OwnRow]:
        """Rows whose address has more octets than characters, or a blank or control character."""
        if self._plain:
            return ()
        octets = func.length(cast(self._column, LargeBinary))
        if self._engine.dialect.name == "postgresql":
            octets = func.octet_length(self._column)
        blank = or_(*(self._column.contains(chr(code)) for code in (*range(1, 33), 127)))
        return self._read(self._query.where(or_(octets != func.length(self._column), blank)))

    def _lowered(self) -> ColumnElement[str]:
        if self._engine.dialect.name == "postgresql":
            return func.lower(collate(self._column, "C"))
        return func.lower(self._column)

    def _read(self, query: Select[Any]) -> Iterator[OwnRow]:
        connection = self._engine.connect().execution_options(yield_per=_PAGE)
        with connection, connection.execute(query) as found:
            for ref, address, subscribed, validation, consent, *against in found:
                yield OwnRow(str(ref), address, _said(subscribed), self._bits(against), validation, consent)

    def _bits(self, against: Iterable[Any]) -> int:
        bits = Denials(0)
        for denial, holds in zip(self._denials, against, strict=True):
            match _said(holds):
                case True:
                    bits |= denial
                case False:
                    pass
                case _:
                    bits |= Denials.UNREADABLE
        return int(bits)


def _said(value: Any) -> Any:
    """A boolean as databases spell it, or whatever it is."""
    return bool(value) if isinstance(value, int) and value in (0, 1) else value
