"""The wire: SES's own JSON, as far as we read it. Lenient in what it does not need."""

from __future__ import annotations

from pydantic import AliasChoices, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_pascal

__all__ = ["Account", "BulkResult", "BulkSent", "Fault", "Identity", "MailFrom", "SendQuota", "Sent"]


class _Answer(BaseModel):
    model_config = ConfigDict(alias_generator=to_pascal)


class Sent(_Answer):
    """The answer to one mail."""

    message_id: str | None = None


class BulkResult(_Answer):
    """One destination's part of the answer to a bulk send."""

    status: str
    error: str | None = None
    message_id: str | None = None


class BulkSent(_Answer):
    """The answer to a bulk send, in the order of the request; its status is 200 whatever became of them."""

    bulk_email_entry_results: list[BulkResult]


class Fault(BaseModel):
    """An answer other than success. Its type is in a header as well."""

    message: str | None = Field(None, validation_alias=AliasChoices("message", "Message"))
    type: str | None = Field(None, validation_alias=AliasChoices("__type", "code"))


class MailFrom(_Answer):
    """A domain of one's own in the envelope."""

    mail_from_domain_status: str = ""
    behavior_on_mx_failure: str = ""


class Identity(_Answer):
    """A domain of the account in this region."""

    verified_for_sending_status: bool = False
    verification_status: str = ""
    mail_from_attributes: MailFrom | None = None


class SendQuota(_Answer):
    """Recipients, not calls; -1 a day is as many as one likes."""

    max24_hour_send: float = Field(alias="Max24HourSend")
    max_send_rate: float
    sent_last24_hours: float = Field(alias="SentLast24Hours")


class Account(_Answer):
    """What the account may do in this region."""

    send_quota: SendQuota
    sending_enabled: bool = True
    enforcement_status: str = ""
