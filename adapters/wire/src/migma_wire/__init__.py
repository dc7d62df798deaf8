"""What crosses the edge: JSON, CSV and international domains."""

from .contacts_csv import NoEmailColumn, read_contacts
from .filters import filter_from_json, filter_to_json
from .idn import display, to_address, to_domain
from .json import InvalidJson, from_json, json_schema, to_json

__all__ = [
    "InvalidJson",
    "NoEmailColumn",
    "display",
    "filter_from_json",
    "filter_to_json",
    "from_json",
    "json_schema",
    "read_contacts",
    "to_address",
    "to_domain",
    "to_json",
]
