"""Credentials: who asks, as AWS knows them; where they come from is any callable."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from migma_http import Secret

__all__ = ["LONGEST_TOKEN", "CredentialSource", "Credentials"]

LONGEST_TOKEN: Final = 8192
"""Characters of a session token: AWS names no limit, and they have grown."""

_KEY_ID = re.compile(r"[A-Za-z0-9_]{8,128}")


@dataclass(frozen=True, slots=True)
class Credentials:
    """
    An access key, with a session token where it is a temporary one. It prints nothing of itself.

    Raises `ValueError`, without the value, for what is no access key.

    >>> Credentials("AKIDEXAMPLE", Secret("wJalrXUtnFEMI/K7MDENG"))
    Credentials(secret=Secret(***), token=None)
    """

    key_id: str = field(repr=False)
    secret: Secret
    token: Secret | None = None

    def __post_init__(self) -> None:
        if not _KEY_ID.fullmatch(self.key_id):
            raise ValueError("an access key id has 8 to 128 letters and digits, such as AKIA and 16 more")

    def out_of(self, said: str) -> str:
        """A text with all of them taken out: AWS repeats a session token where a signature does not match."""
        shown = self.secret.out_of(said).replace(self.key_id, "***")
        return shown if self.token is None else self.token.out_of(shown)


CredentialSource: TypeAlias = Callable[[], Credentials]
"""Asked for each request, so that temporary credentials may change; it never raises (see `chain`)."""
