"""``python -m tests.support.ledger_provider BOOK``: serve until killed; the port is the first line printed."""

from __future__ import annotations

import sys
from pathlib import Path

from .server import LedgerServer

if __name__ == "__main__":
    with LedgerServer(Path(sys.argv[1])) as server:
        print(server.server_address[1], flush=True)
        server.serve_forever()
