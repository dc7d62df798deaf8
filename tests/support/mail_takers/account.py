"""An account at moto's SES: how many mails it took, and to whom."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from botocore.session import Session

from tests.support.http_worlds import KEY
from tests.support.moto import moto, sent_mails

__all__ = ["REGION", "Account", "account"]

REGION: Final = "eu-central-1"
_KEY_ID: Final = "AKIDEXAMPLE0123456789"


@dataclass(frozen=True, slots=True)
class Account:
    """One that has verified a domain."""

    url: str
    key_id: str
    secret: str

    def count(self) -> int:
        """What the account itself counts as sent in the last day."""
        return int(_client("ses", self.url).get_send_quota()["SentLast24Hours"])

    def addresses(self) -> list[str]:
        """To whom, in order."""
        return [address for mail in sent_mails(self.url, "Message") for address in mail["destinations"]["ToAddresses"]]


@contextmanager
def account(domain: str) -> Iterator[Account]:
    """A fresh server with one account, until the block ends."""
    with moto() as url:
        _client("sesv2", url).create_email_identity(EmailIdentity=domain)
        yield Account(url, _KEY_ID, KEY)


def _client(service: str, url: str) -> Any:
    keys = {"aws_access_key_id": _KEY_ID, "aws_secret_access_key": KEY}
    return Session().create_client(service, region_name=REGION, endpoint_url=url, **keys)
