"""Queries and rows of any width: their columns are chosen at run time, which no static type can spell."""

from __future__ import annotations

from typing import Any, TypeAlias

from sqlalchemy import Row, Select

__all__ = ["AnyRow", "AnySelect"]

AnyRow: TypeAlias = Row[*tuple[Any, ...]]
AnySelect: TypeAlias = Select[*tuple[Any, ...]]
