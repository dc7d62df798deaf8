"""Connecting: settings, credentials and regions; what is wrong is told, and no secret with it."""

from __future__ import annotations

import builtins
import copy
import pickle
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.credentials import Credentials as Theirs
from botocore.credentials import RefreshableCredentials
from botocore.session import Session
from migma_http import HttpRequest, HttpResponse, Secret
from migma_ses import Credentials, NoCredentials, Ses, SesSettings, Signer, base_url_of, chain
from pydantic import ValidationError

from tests.adapters.ses.connecting import KEY_ID, SECRETS
from tests.support.batches import attempt_for, batch_for, compiled_for

KEYS = {"access_key_id": KEY_ID, "secret_access_key": SECRETS[1]}


def seen(settings: SesSettings) -> HttpRequest:
    """The request that leaves for one mail."""
    requests: list[HttpRequest] = []

    def transport(request: HttpRequest) -> HttpResponse:
        requests.append(request)
        return HttpResponse(200, (), b"{}")

    provider, batch = Ses.connect(settings, transport), batch_for(compiled_for())
    parcel = provider.encode(batch)
    provider.hand_over(batch, parcel, attempt_for(batch, parcel))
    (request,) = requests
    return request


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine where botocore finds nothing, and the file it would look in."""
    for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN", "PROFILE", "DEFAULT_PROFILE"):
        monkeypatch.delenv(f"AWS_{name}", raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    return tmp_path / "credentials"


def test_every_region_of_ses_is_where_aws_says() -> None:
    """The host is the one of AWS's own description, for each region of each of its clouds that has SES."""
    session = Session()
    regions = {
        region
        for cloud in session.get_available_partitions()
        for region in session.get_available_regions("sesv2", cloud, allow_non_regional=False)
    }
    assert len(regions) > 30
    for region in sorted(regions):
        client = session.create_client(
            "sesv2", region_name=region, aws_access_key_id="x", aws_secret_access_key=SECRETS[1]
        )
        assert base_url_of(region) == client.meta.endpoint_url
        assert SesSettings(region=region, **KEYS).base_url == client.meta.endpoint_url


def test_settings_make_a_provider() -> None:
    """Region, key and configuration set are those of the request that leaves."""
    request = seen(SesSettings(region="us-gov-west-1", configuration_set="ours", **KEYS))
    assert request.url == "https://email.us-gov-west-1.amazonaws.com/v2/email/outbound-emails"
    assert b'"ConfigurationSetName":"ours"' in request.body
    headers = dict(request.headers)
    assert f"Credential={KEY_ID}/" in headers["Authorization"]
    assert "/us-gov-west-1/ses/aws4_request" in headers["Authorization"]
    assert "X-Amz-Security-Token" not in headers
    assert (
        dict(seen(SesSettings(region="eu-west-1", session_token=SECRETS[2], **KEYS)).headers)["X-Amz-Security-Token"]
        == SECRETS[2]
    )


def test_bulk_is_a_word_in_the_settings() -> None:
    """Off as it comes, and fifty at once where it is on."""
    for bulk, most in (({}, 1), ({"bulk": "true"}, 50)):
        settings = SesSettings.model_validate({"region": "eu-west-1", **KEYS, **bulk})
        assert Ses.connect(settings, lambda _: HttpResponse(200)).capabilities.most_messages == most


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (KEYS, "region\n  Field required"),
        ({"region": "Frankfurt", **KEYS}, "a region is named such as eu-central-1"),
        ({"region": "eu-west-1/../x", **KEYS}, "a region is named such as eu-central-1"),
        ({"region": "eu-west-1"}, "give access_key_id and secret_access_key, or set credentials = botocore"),
        ({"region": "eu-west-1", "access_key_id": KEY_ID}, "give access_key_id and secret_access_key"),
        (
            {"region": "eu-west-1", **KEYS, "secret_access_key": "short"},
            "secret_access_key\n  Value error, an API",
        ),
        (
            {"region": "eu-west-1", **KEYS, "session_token": "a b c d e f g"},
            "session_token\n  Value error, an API key is",
        ),
        ({"region": "eu-west-1", **KEYS, "access_key_id": "AK IA"}, "an access key id has 8 to 128 letters and digits"),
        ({"region": "eu-west-1", **KEYS, "configuration_set": "a b"}, "a configuration set has 1 to 64 ASCII letters"),
        ({"region": "eu-west-1", **KEYS, "profile": "x"}, "a profile is read by botocore"),
        ({"region": "eu-west-1", **KEYS, "credentials": "botocore"}, "leave access_key_id, secret_access_key out"),
        ({"region": "eu-west-1", **KEYS, "credentials": "vault"}, "Input should be 'settings' or 'botocore'"),
        ({"region": "eu-west-1", **KEYS, "base_url": "http://x.example"}, "it is not https"),
        ({"region": "eu-west-1", **KEYS, "api_key": "x" * 20}, "Extra inputs are not permitted"),
    ],
)
def test_faulty_settings_are_told(options: dict[str, Any], says: str) -> None:
    """What is wrong and what is allowed, and no secret of what was given."""
    with pytest.raises(ValidationError) as refused:
        SesSettings.model_validate(options)
    assert says in str(refused.value)
    assert not [one for one in SECRETS if one in str(refused.value)]


def test_another_place_is_asked_instead() -> None:
    """A FIPS host or a stand-in, signed for the same region."""
    settings = SesSettings(region="us-east-1", base_url="https://email-fips.us-east-1.amazonaws.com/", **KEYS)
    assert seen(settings).url == "https://email-fips.us-east-1.amazonaws.com/v2/email/outbound-emails"


def test_nothing_prints_a_credential(nowhere: Path) -> None:
    """Settings, credentials, signer, codec and provider, however they are printed, copied or written down."""
    key_id, secret, token = SECRETS
    found = Credentials(key_id, Secret(secret), Secret(token))
    settings = SesSettings(region="eu-west-1", session_token=token, **KEYS)
    provider = Ses.connect(settings, lambda _: HttpResponse(200))
    nowhere.write_text(f"[default]\naws_access_key_id={key_id}\naws_secret_access_key={secret}\n")
    things = (found, settings, provider, provider.codec, Signer(lambda: found, "eu-west-1"), chain(), copy.copy(found))
    shown = " ".join(f"{one!r} {one}" for one in things) + settings.model_dump_json()
    assert not [one for one in SECRETS if one in shown]
    for one in (found, provider):
        with pytest.raises((TypeError, pickle.PicklingError)):
            pickle.dumps(one)


def test_botocores_chain_finds_credentials(nowhere: Path) -> None:
    """In its files, by a profile's name, and in its variables, as for any program of AWS's."""
    nowhere.write_text(
        f"[default]\naws_access_key_id=AKIADEFAULT\naws_secret_access_key={SECRETS[1]}\n[other]\n"
        f"aws_access_key_id=AKIAOTHER\naws_secret_access_key={SECRETS[1]}\naws_session_token={SECRETS[2]}\n"
    )
    options = {"region": "eu-west-1", "credentials": "botocore"}
    for more, key_id, has_token in (({}, "AKIADEFAULT", False), ({"profile": "other"}, "AKIAOTHER", True)):
        headers = dict(seen(SesSettings.model_validate({**options, **more})).headers)
        assert f"Credential={key_id}/" in headers["Authorization"]
        assert ("X-Amz-Security-Token" in headers) is has_token


@pytest.mark.parametrize(
    ("profile", "says"),
    [(None, "botocore finds no credentials: neither variables nor profile"), ("x", "ProfileNotFound")],
)
def test_no_credentials_are_told_when_connecting(nowhere: Path, profile: str | None, says: str) -> None:
    """Before anything is sent, in a sentence."""
    settings = SesSettings(region="eu-west-1", credentials="botocore", profile=profile)
    with pytest.raises(NoCredentials, match=says):
        Ses.connect(settings)


def test_without_botocore_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The package to install, and the other way."""
    really = builtins.__import__

    def without(name: str, *arguments: Any, **keywords: Any) -> Any:
        if name.startswith("botocore"):
            raise ModuleNotFoundError(name)
        return really(name, *arguments, **keywords)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(NoCredentials, match=r"install migma-ses\[botocore\], or give an access key"):
        chain()


def test_credentials_change_when_botocore_renews_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each request is signed with those of now; where none can be had, with the last ones, and nothing raises."""
    start = datetime(2026, 5, 1, 12, tzinfo=UTC)
    now = [start]

    def renewed() -> dict[str, str]:
        if now[0] > start + timedelta(hours=1):
            raise ConnectionError("no metadata service")
        expires = (start + timedelta(hours=2)).isoformat()
        return {"access_key": "AKIASECOND", "secret_key": SECRETS[1], "token": SECRETS[2], "expiry_time": expires}

    first = ("AKIAFIRST", SECRETS[1], SECRETS[2], start + timedelta(hours=1))
    found = RefreshableCredentials(*first, renewed, "tests", time_fetcher=lambda: now[0])
    monkeypatch.setattr(Session, "get_credentials", lambda _: found)
    source = chain()
    for minutes, key_id in ((0, "AKIAFIRST"), (10, "AKIAFIRST"), (55, "AKIASECOND"), (115, "AKIASECOND")):
        now[0] = start + timedelta(minutes=minutes)
        assert source().key_id == key_id


def test_credentials_that_no_header_holds_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """From the chain as from settings, when connecting, and without the value."""
    monkeypatch.setattr(Session, "get_credentials", lambda _: Theirs("AKIA12345678", "a secret with blanks"))
    with pytest.raises(ValueError, match="printable ASCII without blanks") as refused:
        chain()
    assert "with blanks;" not in str(refused.value).replace("without blanks;", "")
