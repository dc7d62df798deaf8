"""Columns of a list: which header means what about a person, guessed from its name or said by a map."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["BUILT_IN", "NoEmailColumn", "column_map_from_json", "name_columns"]

_COLUMNS: Mapping[str, str] = {
    **dict.fromkeys(("email", "emailaddress", "mail"), "email"),
    **dict.fromkeys(("firstname", "givenname", "vorname"), "first_name"),
    **dict.fromkeys(("lastname", "surname", "familyname", "nachname"), "last_name"),
    **dict.fromkeys(("name", "fullname"), "name"),
    **dict.fromkeys(("phone", "phonenumber", "telephone"), "phone"),
    "country": "country",
    "language": "language",
    "status": "status",
    **dict.fromkeys(("tag", "tags"), "tags"),
}
BUILT_IN = frozenset(_COLUMNS.values())
"""What a column may say besides a custom field."""

_PRODUCT = {"firstName": "first_name", "lastName": "last_name"}


class NoEmailColumn(ValueError):
    """No column of the file holds addresses; ``columns`` are those it has."""

    def __init__(self, columns: Sequence[str]) -> None:
        super().__init__(f"the file has no column of addresses; name one 'email' (columns found: {_shown(columns)})")
        self.columns = list(columns)


def name_columns(header: Sequence[str], columns: Mapping[str, str] | None = None) -> list[str]:
    """
    What each column says; ``""`` where it is left out.

    Without ``columns``, headers are compared without case, blanks, dashes and underscores, and whatever is not known
    becomes a custom field; of two that mean the same, the first counts. With ``columns``, from what is meant to the
    header as it stands in the file, exactly those are read. Raises `NoEmailColumn`, and `ValueError` for a header that
    is not there.

    >>> name_columns(["E-Mail", "Plan"]), name_columns(["A", "B"], {"email": "B"})
    (['email', 'plan'], ['', 'email'])
    """
    names = _guessed(header) if columns is None else _mapped(header, columns)
    if "email" not in names:
        raise NoEmailColumn(header)
    return names


def column_map_from_json(data: Any) -> dict[str, str]:
    """
    Read the product's ``columnMap``: headers by what they mean, custom fields under ``customFields`` (§1.2).

    Raises `ValueError`.

    >>> column_map_from_json({"email": "E-Mail", "firstName": "Vorname", "customFields": {"plan": "Tarif"}})
    {'email': 'E-Mail', 'first_name': 'Vorname', 'plan': 'Tarif'}
    """
    if not isinstance(data, dict) or not isinstance(data.get("customFields", {}), dict):
        raise ValueError("a column map is an object of headers by what they mean, with custom fields in customFields")
    custom = data.get("customFields", {})
    plain = {_PRODUCT.get(str(key), str(key)): value for key, value in data.items() if key != "customFields"}
    if unknown := sorted(plain.keys() - BUILT_IN):
        raise ValueError(f"a column map knows no {', '.join(unknown)}; custom fields go into customFields")
    if not all(isinstance(value, str) for value in (*plain.values(), *custom.values())):
        raise ValueError("a column map names each column by its header, a text")
    return {**plain, **custom}


def _guessed(header: Sequence[str]) -> list[str]:
    names: list[str] = []
    for place, title in enumerate(header):
        known = _COLUMNS.get(re.sub(r"[\s_-]", "", title).casefold())
        name = known or _field_name(title) or f"column_{place + 1}"
        names.append(name if name not in names else f"{name}_{place + 1}")
    return names


def _mapped(header: Sequence[str], columns: Mapping[str, str]) -> list[str]:
    names = [""] * len(header)
    for meaning, title in columns.items():
        if title not in header:
            raise ValueError(f"the file has no column {title[:40]!r} (columns found: {_shown(header)})")
        place = header.index(title)
        if names[place]:
            raise ValueError(f"the column {title[:40]!r} is named twice: for {names[place]} and for {meaning}")
        names[place] = _PRODUCT.get(meaning, meaning)
    return names


def _field_name(title: str) -> str:
    """``Signed up`` becomes ``signed_up``, which a template can name; ``lastPurchase`` stays."""
    words = title.split()
    return "_".join(words).lower() if title[:1].isupper() or len(words) > 1 else "".join(words)


def _shown(columns: Sequence[str]) -> str:
    return ", ".join(repr(name[:40]) for name in columns[:20]) or "none"
