"""What crosses the edge: JSON, CSV and international domains."""

from .columns import NoEmailColumn, column_map_from_json
from .contacts_csv import read_contacts
from .contacts_out import write_contacts_csv, write_contacts_ndjson
from .csv_text import NoCsv, encoding_of
from .filters import filter_from_json, filter_to_json
from .idn import display, to_address, to_domain
from .json import InvalidJson, from_json, json_schema, to_json
from .values import VALUES, schemas

__all__ = [
    "VALUES",
    "InvalidJson",
    "NoCsv",
    "NoEmailColumn",
    "column_map_from_json",
    "display",
    "encoding_of",
    "filter_from_json",
    "filter_to_json",
    "from_json",
    "json_schema",
    "read_contacts",
    "schemas",
    "to_address",
    "to_domain",
    "to_json",
    "write_contacts_csv",
    "write_contacts_ndjson",
]
