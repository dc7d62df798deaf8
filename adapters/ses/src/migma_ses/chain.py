"""The chain: credentials as botocore finds them, in profiles, roles and instances; with the extra ``botocore``."""

from __future__ import annotations

from typing import Any

from migma_http import Secret

from .credentials import LONGEST_TOKEN, Credentials, CredentialSource

__all__ = ["NoCredentials", "chain"]

_EXTRA = "credentials = botocore needs the extra: install migma-ses[botocore], or give an access key"


class NoCredentials(ValueError):
    """Nobody knows any credentials; the message says where they were looked for."""


def chain(profile: str | None = None) -> CredentialSource:
    """
    Credentials from wherever botocore finds them, renewed as it renews them.

    Raises `NoCredentials` where it finds none. Later nothing is raised: where they cannot be renewed, the last ones are
    given, and AWS answers that they have expired, which is the account's fault and pauses the stream (design D8).
    """
    try:
        from botocore.exceptions import BotoCoreError
        from botocore.session import Session
    except ModuleNotFoundError:
        raise NoCredentials(_EXTRA) from None
    try:
        found = Session(profile=profile).get_credentials()
        if found is None:
            raise NoCredentials("botocore finds no credentials: neither variables nor profile, role nor instance")
        return _Renewed(found)
    except BotoCoreError as fault:
        raise NoCredentials(f"botocore cannot get credentials: {type(fault).__name__}") from None


class _Renewed:
    """The last credentials that botocore gave."""

    __slots__ = ("_found", "_frozen", "_last")

    def __init__(self, found: Any) -> None:
        self._found = found
        self._frozen = found.get_frozen_credentials()
        self._last = _read(self._frozen)

    def __call__(self) -> Credentials:
        try:
            frozen = self._found.get_frozen_credentials()
            if frozen != self._frozen:
                self._last, self._frozen = _read(frozen), frozen
        except Exception:  # noqa: BLE001, S110 - whatever keeps them from being renewed, AWS says what follows of it
            pass
        return self._last


def _read(frozen: Any) -> Credentials:
    token = None if frozen.token is None else Secret(frozen.token, LONGEST_TOKEN)
    return Credentials(frozen.access_key, Secret(frozen.secret_key), token)
