"""What crosses the edge: JSON, CSV and international domains."""

from .contacts_csv import NoEmailColumn, read_contacts
from .idn import display, to_address, to_domain
from .json import InvalidJson, from_json, json_schema, to_json

__all__ = [
    "InvalidJson",
    "NoEmailColumn",
    "display",
    "from_json",
    "json_schema",
    "read_contacts",
    "to_address",
    "to_domain",
    "to_json",
]
