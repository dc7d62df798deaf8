"""A provider's stand-in on loopback, as fast as Python goes, in a process of its own: reads a request, says yes."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["stub"]

_BATCH = json.dumps({"data": [{"id": f"00000000-0000-0000-0000-{n:012}"} for n in range(100)]}).encode()


def _answer(status: str, body: bytes = b"") -> bytes:
    head = f"HTTP/1.1 {status}\r\nX-Message-Id: stub\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    return f"{head}\r\n\r\n".encode() + body


_ANSWERS = (
    (b"POST /v2/email/outbound-emails", _answer("200 OK", b'{"MessageId":"00000000-0000-0000-0000-000000000000"}')),
    (b"POST /v3/mail/send", _answer("202 Accepted")),
    (b"POST /v3/acme.example.com/messages", _answer("200 OK", b'{"id":"<1@acme.example.com>","message":"Queued."}')),
    (b"POST /emails/batch", _answer("200 OK", _BATCH)),
    (b"POST /emails", _answer("200 OK", b'{"id":"00000000-0000-0000-0000-000000000000"}')),
)


class _Yes(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport, self._read, self._left = transport, bytearray(), 0
        self._say = b""

    def data_received(self, data: bytes) -> None:
        if self._left:
            self._left -= len(data)
        else:
            self._read += data
            end = self._read.find(b"\r\n\r\n")
            if end < 0:
                return
            head = bytes(self._read[:end])
            at = head.lower().find(b"content-length:")
            length = int(head[at + 15 :].split(b"\r\n", 1)[0])
            self._left = length - (len(self._read) - end - 4)
            self._say = next(say for path, say in _ANSWERS if head.startswith(path))
            self._read.clear()
        if self._left <= 0:
            self._left = 0
            self._transport.write(self._say)


async def _serve() -> None:
    server = await asyncio.get_running_loop().create_server(_Yes, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


@contextmanager
def stub() -> Iterator[str]:
    """Its URL, until the block ends."""
    command = [sys.executable, "-m", "tests.benchmarks.stub"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as running:
        assert running.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(running.stdout.readline())}"
        finally:
            running.kill()


if __name__ == "__main__":
    asyncio.run(_serve())
