"""A CSV of contacts with the mess of real lists, the same for the same seed."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator
from pathlib import Path

__all__ = ["HEADER", "write_people"]

HEADER = ("E-Mail", "First Name", "Last Name", "Country", "Language", "Status", "Tags", "Plan", "Signed up", "Notes")

# Words of several scripts instead of anybody's name.
_FIRST = (
    "Iris",
    "Rosa",
    "Linden",
    "Åska",
    "Öland",
    "Żubr",
    "Ñandú",
    "Клён",
    "桜",
    "Olive",
    "Jasmin",
    "Hazel",
    "Çınar",
    "",
)
_LAST = ("Meadow", "O'Heath", "von Birke", "Brook, Jr.", "Río", "Fjäll", "Lac-Blanc", "Поле", "山", "Field", "")
_DOMAINS = ("example.com", "example.org", "example.net", "mail.example.com", "Example.COM")
_INTERNATIONAL = (
    "bücher.example",
    "müller.example",
    "почта.example",
    "例え.example",
    "faß.example",
    "xn--bcher-kva.example",
)
_COUNTRIES = ("DE", "AT", "CH", "FR", "US", "GB", "PL", "")
_LANGUAGES = {"DE": "de", "AT": "de", "CH": "de", "FR": "fr", "PL": "pl"}
_PLANS = ("free", "pro", "team")
_NOTES = ("", "", "met at the fair, hall 4", 'said "call me, maybe"', "two\nlines", "5 > 3 & true")
_BROKEN = (
    "no-at-sign.example.com",
    "two@@example.com",
    "dot..dot@example.com",
    "blank in@example.com",
    "nobody@localhost",
    "\u200bhidden@example.com",
    "",
    "trailing@example.com,",
    "<brackets@example.com>",
    '"quoted"@example.com',
)
_STATUSES = (
    ("subscribed", 0.82),
    ("unsubscribed", 0.05),
    ("bounced", 0.03),
    ("non-subscribed", 0.04),
    ("complained", 0.01),
    ("", 0.05),
)


def write_people(path: Path, number: int, seed: int = 20) -> None:
    """
    Write ``number`` rows: byte order mark, CRLF, quoted commas and line breaks, mixed case, repeated and invalid
    addresses, international domains, people who left or bounced, and columns nobody asked for. Memory stays flat.
    """
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        writer.writerows(_rows(number, random.Random(seed)))  # noqa: S311 - a reproducible list, not a secret


def _rows(number: int, chance: random.Random) -> Iterator[tuple[str, ...]]:
    statuses, weights = zip(*_STATUSES, strict=True)
    for place in range(number):
        country = chance.choice(_COUNTRIES)
        yield (
            _address(place, chance),
            chance.choice(_FIRST),
            chance.choice(_LAST),
            country,
            _LANGUAGES.get(country, "en"),
            chance.choices(statuses, weights)[0],
            "newsletter" if chance.random() < 0.7 else chance.choice(("", "beta", "newsletter; beta")),  # noqa: PLR2004 - a share
            chance.choice(_PLANS),
            f"202{chance.randrange(6)}-{chance.randrange(1, 13):02d}-{chance.randrange(1, 29):02d}",
            chance.choice(_NOTES),
        )


def _address(place: int, chance: random.Random) -> str:
    kind = chance.random()
    if kind < 0.015:  # noqa: PLR2004 - one row in 67 is broken
        return chance.choice(_BROKEN)
    if kind < 0.035 and place > 100:  # noqa: PLR2004 - one row in 50 repeats an earlier one in another spelling
        return f"READER{chance.randrange(place)}@EXAMPLE.COM"
    if kind < 0.06:  # noqa: PLR2004 - one row in 40 has an international domain
        return f"reader{place}@{chance.choice(_INTERNATIONAL)}"
    if kind < 0.08:  # noqa: PLR2004 - and one in 50 a plus tag and capitals
        return f"Reader{place}+List@{chance.choice(_DOMAINS)}"
    return f"reader{place}@{chance.choice(_DOMAINS)}"
