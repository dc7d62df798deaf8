"""SES as tests connect it: example credentials of each kind, and codecs for each form."""

from __future__ import annotations

from datetime import UTC, datetime

from migma_http import Secret
from migma_ses import Credentials, Encoder, SesCodec, Signer
from migma_ses.single import RawProgram, SingleProgram

from migma_core import Compiled

__all__ = ["KEY_ID", "MOMENT", "REGION", "SECRETS", "RawEncoder", "codec"]

KEY_ID = "AKIDEXAMPLE0123456789"
SECRETS = (KEY_ID, "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "IQoJb3JpZ2luX2VjEXAMPLE//token+of/a/session==")
REGION = "eu-central-1"
MOMENT = datetime(2026, 5, 1, 12, tzinfo=UTC)


class RawEncoder(Encoder):
    """Writes every mail in the raw form, which is otherwise for what the simple one cannot hold."""

    def _compile(self, compiled: Compiled) -> SingleProgram:
        return RawProgram(compiled, None)


def codec(encode: Encoder | None = None, base_url: str | None = None) -> SesCodec:
    """With temporary credentials, at a moment that stands still."""
    key_id, secret, token = SECRETS
    found = Credentials(key_id, Secret(secret), Secret(token))
    return SesCodec(Signer(lambda: found, REGION, lambda: MOMENT), encode or Encoder(), base_url)
