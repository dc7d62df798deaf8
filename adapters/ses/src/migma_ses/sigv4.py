"""Signature Version 4: a request signed for AWS, pure; the same octets as botocore's, which the tests compare."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache
from posixpath import normpath
from typing import Final
from urllib.parse import SplitResult, quote, urlsplit

from migma_http import Header, HttpRequest, Secret

from .credentials import Credentials

__all__ = ["signed"]

_ALGORITHM: Final = "AWS4-HMAC-SHA256"
_USUAL_PORTS: Final = {"http": 80, "https": 443}
# what a proxy on the way may add, change or take away
_NOT_SIGNED: Final = frozenset(
    {
        *("baggage", "connection", "expect", "keep-alive", "proxy-authenticate", "proxy-authorization", "te"),
        *("traceparent", "tracestate", "trailer", "transfer-encoding", "upgrade", "user-agent", "x-amzn-trace-id"),
    }
)


def signed(
    request: HttpRequest, credentials: Credentials, region: str, moment: datetime, service: str = "ses"
) -> HttpRequest:
    """
    The request with date, token and signature added. ``moment`` is aware; AWS takes it within five minutes of its own.

    The host is signed as transports send it: without a port where that is the scheme's own.
    """
    stamp = moment.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    headers = (*request.headers, ("X-Amz-Date", stamp), *_token(credentials))
    names, canonical = _canonical(request, headers)
    scope = f"{stamp[:8]}/{region}/{service}/aws4_request"
    to_sign = f"{_ALGORITHM}\n{stamp}\n{scope}\n{_sha256(canonical.encode())}"
    signature = _mac(_signing_key(credentials.secret, stamp[:8], region, service), to_sign).hex()
    told = f"{_ALGORITHM} Credential={credentials.key_id}/{scope}, SignedHeaders={names}, Signature={signature}"
    return HttpRequest(request.method, request.url, (*headers, ("Authorization", told)), request.body)


def _token(credentials: Credentials) -> Iterable[Header]:
    return () if credentials.token is None else (("X-Amz-Security-Token", credentials.token.reveal()),)


def _canonical(request: HttpRequest, headers: Iterable[Header]) -> tuple[str, str]:
    """The names of the headers that are signed, and the canonical request (AWS Signature Version 4, step 1)."""
    host, asked = _place(request.url)
    values: dict[str, list[str]] = {"host": [host]}
    for name, value in headers:
        if (low := name.lower()) not in _NOT_SIGNED:
            values.setdefault(low, []).append(" ".join(value.split()))
    lines = "".join(f"{name}:{','.join(values[name])}\n" for name in sorted(values))
    names = ";".join(sorted(values))
    return names, f"{request.method}\n{asked}\n{lines}\n{names}\n{_sha256(request.body)}"


@lru_cache(maxsize=64)  # a provider asks at few places
def _place(url: str) -> tuple[str, str]:
    """The host, and path and query in their canonical form."""
    parts = urlsplit(url)
    return _host(parts), f"{_path(parts.path)}\n{_query(parts.query)}"


def _path(path: str) -> str:
    """Dots and doubled slashes resolved, then encoded a second time, as for every service but S3."""
    plain = normpath(path).lstrip("/") if path else ""
    end = "/" if plain and path.endswith("/") else ""
    return quote(f"/{plain}{end}", safe="/~")


def _query(query: str) -> str:
    pairs = (one.partition("=") for one in query.split("&")) if query else ()
    return "&".join(f"{name}={value}" for name, value in sorted((name, value) for name, _, value in pairs))


def _host(url: SplitResult) -> str:
    name = url.hostname or ""
    host = f"[{name}]" if ":" in name else name
    return host if url.port in {None, _USUAL_PORTS.get(url.scheme)} else f"{host}:{url.port}"


@lru_cache(maxsize=8)  # it changes once a day, and with the credentials
def _signing_key(secret: Secret, day: str, region: str, service: str) -> bytes:
    key = f"AWS4{secret.reveal()}".encode()
    for part in (day, region, service, "aws4_request"):
        key = _mac(key, part)
    return key


def _mac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")


def _sha256(octets: bytes) -> str:
    return hashlib.sha256(octets).hexdigest()
