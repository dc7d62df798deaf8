"""Signatures: the same octets as botocore's, whatever the request."""

from __future__ import annotations

from datetime import UTC, datetime
from unittest.mock import patch

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as TheirCredentials
from hypothesis import example, given
from hypothesis import strategies as st
from migma_http import Header, HttpRequest, Secret
from migma_ses import Credentials, signed

from tests.adapters.ses.connecting import KEY_ID, MOMENT, codec
from tests.support.batches import attempt_for, batch_for, compiled_for

ASCII = st.characters(min_codepoint=33, max_codepoint=126)
VALUES = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=60)
KEYS = st.text(ASCII, min_size=8, max_size=60)
SKIPPED = ("User-Agent", "Connection", "Expect", "TE", "traceparent", "X-Amzn-Trace-Id", "baggage", "Upgrade")
NAMES = st.sampled_from(("Content-Type", "Accept-Encoding", "X-Amz-Meta", "A", *SKIPPED)) | st.from_regex(
    r"[A-Za-z][A-Za-z0-9-]{0,20}", fullmatch=True
).filter(lambda name: name.lower() not in {"host", "authorization", "x-amz-date", "x-amz-security-token"})
SEGMENTS = st.sampled_from(("v2", "email", "identities", "", ".", "..", "%40", "a%20b", "x@example.com", "~-_.!*'()"))
PATHS = st.lists(SEGMENTS | st.from_regex(r"[A-Za-z0-9._~%-]{1,12}", fullmatch=True), max_size=6).map("/".join)
PAIRS = st.from_regex(r"[A-Za-z0-9_.~%-]{0,8}(?:=[A-Za-z0-9_.~%-]{0,8})?", fullmatch=True)
HOSTS = st.sampled_from(
    ("email.eu-west-1.amazonaws.com", "EMAIL.Example.COM", "127.0.0.1:4113", "h:443", "h:80", "[::1]:5000", "[fe80::1]")
)
requests = st.builds(
    lambda method, scheme, host, path, query, headers, body: HttpRequest(
        method, f"{scheme}://{host}/{path}{'?' if query else ''}{'&'.join(query)}", tuple(headers), body
    ),
    st.sampled_from(("GET", "POST")),
    st.sampled_from(("https", "http")),
    HOSTS,
    PATHS,
    st.lists(PAIRS.filter(bool), max_size=4),
    st.lists(st.tuples(NAMES, VALUES), max_size=6),
    st.binary(max_size=200),
)
moments = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)).map(lambda one: one.replace(tzinfo=UTC))  # noqa: DTZ001 - the zone follows


def theirs(request: HttpRequest, key: tuple[str, str, str | None], region: str, moment: datetime) -> list[Header]:
    """The headers that botocore adds."""
    given = AWSRequest(method=request.method, url=request.url, data=request.body)
    for name, value in request.headers:
        given.headers.add_header(name, value)
    with patch("botocore.auth.get_current_datetime", lambda: moment):
        SigV4Auth(TheirCredentials(*key), "ses", region).add_auth(given)
    return list(given.headers.items())[len(request.headers) :]


@given(requests, KEYS, st.none() | KEYS, st.sampled_from(("eu-central-1", "us-gov-west-1")), moments)
@example(HttpRequest("GET", "https://h"), "wJalrXUtnFEMI", None, "us-east-1", MOMENT)
def test_a_signature_is_botocores(
    request: HttpRequest, secret: str, token: str | None, region: str, moment: datetime
) -> None:
    """Date, token and authorization are the same octets, for any method, host, path, query, header and body."""
    found = Credentials(KEY_ID, Secret(secret), None if token is None else Secret(token))
    ours = signed(request, found, region, moment)
    assert ours.headers[: len(request.headers)] == request.headers
    added = sorted(ours.headers[len(request.headers) :])
    assert added == sorted(theirs(request, (KEY_ID, secret, token), region, moment))
    assert (ours.method, ours.url, ours.body) == (request.method, request.url, request.body)


@pytest.mark.parametrize("at", [0, 3, -1])
def test_another_octet_is_another_signature(at: int) -> None:
    """What was signed is the body that leaves: one bit of it changes the signature."""
    body = bytearray(b"a body of some length")
    base = HttpRequest("POST", "https://h/p", (), bytes(body))
    body[at] ^= 1
    found = Credentials(KEY_ID, Secret("wJalrXUtnFEMI"))
    first, second = (
        dict(signed(one, found, "eu-west-1", MOMENT).headers)["Authorization"]
        for one in (base, HttpRequest("POST", "https://h/p", (), bytes(body)))
    )
    assert first != second


def test_a_mail_is_signed_where_it_lives() -> None:
    """Service, region and day stand in the scope, and the session's token is among what is signed."""
    batch, wanted = batch_for(compiled_for()), codec()
    parcel = wanted.encode(batch)
    headers = dict(wanted.request(batch, parcel, attempt_for(batch, parcel)).headers)
    assert f"Credential={KEY_ID}/20260501/eu-central-1/ses/aws4_request, " in headers["Authorization"]
    names = headers["Authorization"].partition("SignedHeaders=")[2].partition(",")[0]
    assert names.split(";") == ["accept-encoding", "content-type", "host", "x-amz-date", "x-amz-security-token"]
    assert headers["X-Amz-Date"] == "20260501T120000Z"
