"""Contacts and ledger on SQLite and PostgreSQL, from one schema."""

from .contacts import ContactExists, DeniedContact, UnknownAddress
from .migrate import SchemaTooNew
from .mirror import mirror
from .projects import UnknownProject
from .sends import UnknownSend
from .store import SqlStore
from .suppressions import CannotRemove
from .table_rows import TableRows

__all__ = [
    "CannotRemove",
    "ContactExists",
    "DeniedContact",
    "SchemaTooNew",
    "SqlStore",
    "TableRows",
    "UnknownAddress",
    "UnknownProject",
    "UnknownSend",
    "mirror",
]
