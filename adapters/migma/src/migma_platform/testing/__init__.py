"""
A stand-in for Migma: a real HTTP server on this machine that keeps its documented rules, for tests of one's own.

    from migma_platform.testing import counterpart

    with counterpart() as migma:
        project = migma.world.start_project()
        migma.world.domain("mail.example.com")
        client = Client.connect(migma.settings(project))

It is of our own making, from Migma's public documentation; where that is silent, `World` says what it assumes.
"""

from __future__ import annotations

from .server import Counterpart, Fault, counterpart
from .world import Mail, Refusal, World

__all__ = ["Counterpart", "Fault", "Mail", "Refusal", "World", "counterpart"]
