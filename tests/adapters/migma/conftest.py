"""A stand-in for Migma, fresh for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from migma_platform.testing import Counterpart, counterpart


@pytest.fixture
def there() -> Iterator[Counterpart]:
    """A server with a verified domain, mail.example.com."""
    with counterpart() as running:
        running.world.domain("mail.example.com")
        yield running


@pytest.fixture
def project(there: Counterpart) -> str:
    """A project of that account."""
    return there.world.start_project()
