"""The outbox under the contract of providers: its world is a disk."""

from __future__ import annotations

import errno
import tempfile
from collections.abc import Sequence
from pathlib import Path
from unittest.mock import patch

from migma_outbox import Outbox
from migma_outbox.maildir import Maildir

from migma_core import Batch, Outcome
from migma_core.ports import Provider
from migma_core.testing import ProviderLaws
from migma_core.testing.worlds import NoWord, World
from tests.support.batches import attempt_for
from tests.support.examples import few


class TestOutbox(ProviderLaws):
    """Mail in files, read back by Python's own parser."""

    examples = few(25)
    envelope_apart = True

    def provider(self) -> Provider:
        """An outbox that nothing is written to."""
        return Outbox("nowhere")

    def hand_over(self, batch: Batch, world: World) -> Sequence[Outcome]:
        """A disk that cannot be written, one that may lose what was written, or a good one for any answer."""
        with tempfile.TemporaryDirectory() as folder:
            outbox = Outbox(Path(folder) / "outbox")
            parcel = outbox.encode(batch)
            attempt = attempt_for(batch, parcel)
            if not isinstance(world, NoWord):
                return outbox.hand_over(batch, parcel, attempt)
            fails = "sync" if world.maybe else "write"
            with patch.object(Maildir, fails, side_effect=OSError(errno.EIO, "no")):
                return outbox.hand_over(batch, parcel, attempt)
