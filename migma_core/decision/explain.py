"""Decisions in words: a view over values. A front end in another language writes its own, from ``kind``."""

from __future__ import annotations

from datetime import datetime

from . import faults as a
from . import reasons as r
from .authorization import Authorized, Refused
from .faults import Fault
from .reasons import Reason
from .standing import ConsentFact, StatusFact
from .verdict import Deferred, Mailable, Verdict, Withheld

__all__ = ["explain", "explain_fault", "explain_reason", "remedy"]


def explain(answer: Verdict | Authorized | Refused) -> str:
    """
    Say what was decided and why, in full sentences.

    >>> print(explain(Withheld((r.Unsubscribed(source="link"), r.TopicLeft()))))
    Not sent: the person unsubscribed (link); the person left this topic.
    """
    match answer:
        case Mailable():
            return "Sent: nothing stands against it."
        case Withheld(reasons):
            return f"Not sent: {'; '.join(map(explain_reason, reasons))}."
        case Deferred(until, reason):
            return f"Not before {until:%Y-%m-%d %H:%M %Z}: {explain_reason(reason)}."
        case Authorized(purpose, warning):
            return f"Accepted as {purpose.word} mail." + (f" Warning: {warning}." if warning else "")
        case Refused(faults):
            return f"Refused: {'; '.join(map(explain_fault, faults))}."


def explain_reason(reason: Reason) -> str:  # noqa: PLR0911 - one line per reason
    """One reason in words, with its evidence."""
    match reason:
        case r.HardBounce(at, source):
            return f"the address hard-bounced{_when(at, source)}"
        case r.Complaint(at, source):
            return f"the person reported our mail as spam{_when(at, source)}"
        case r.Manual(at, source):
            return f"an operator suppressed the address{_when(at, source)}"
        case r.InvalidAddressFound(reserved):
            checked = "the address was checked and found undeliverable"
            return "the address is at a name set aside for documents and tests" if reserved else checked
        case r.Erased(at, source):
            return f"the person asked to be forgotten{_when(at, source)}"
        case r.ProviderSuppressed(at, source):
            return f"the provider refuses the address{_when(at, source)}"
        case r.Unsubscribed(at, source):
            return f"the person unsubscribed{_when(at, source)}"
        case r.Objection(at, source):
            return f"the person objected to direct marketing{_when(at, source)}"
        case r.NotSubscribed(status):
            return _not_subscribed(status)
        case r.ConsentLapsed(at):
            return f"the implied consent has lapsed{_when(at, None)}"
        case r.ConsentUnproven(consent):
            none = consent is ConsentFact.NONE
            return "nobody claims a consent" if none else "a consent is claimed but cannot be shown"
        case r.TopicLeft():
            return "the person left this topic"
        case r.TopicNotJoined():
            return "the topic is for those who joined it, and the person has not"
        case r.SoftBounceLimit(at, source):
            return f"mail to the address kept failing{_when(at, source)}"
        case r.RiskyAddress():
            return "the address was checked and found risky"
        case r.RoleAddress():
            return "the mailbox belongs to a function, not to a person"
        case r.Excluded():
            return "the request left this person out"
        case r.Duplicate():
            return "another contact with the same address is already in this send"
        case r.AlreadySent(at):
            return f"this send has already reached the address{_when(at, None)}"
        case r.Unreadable(facts):
            return f"the record could not be read ({', '.join(facts) or 'denials'})"
        case r.QuietHours():
            return "it is night where the person is"
        case r.LocalTime():
            return "the send waits for its time of day where the person is"
        case r.FrequencyCap():
            return "the person has had enough mail for now"


def remedy(reason: Reason) -> str | None:  # noqa: PLR0911 - one line per way out
    """
    What may lawfully end this reason (design D13), or ``None`` where nothing may.

    >>> remedy(r.HardBounce())
    'an audited reinstatement, once the address is proven to work'
    """
    match reason:
        case r.HardBounce():
            return "an audited reinstatement, once the address is proven to work"
        case r.Complaint():
            return "a fresh double opt-in by the person, later than the complaint"
        case r.Manual():
            return "an audited removal from the suppression list"
        case r.InvalidAddressFound() | r.RiskyAddress():
            return "a corrected address, or a new check that finds it good"
        case r.Erased():
            return "the person opting in anew"
        case r.ProviderSuppressed():
            return "the provider's own list saying so"
        case r.Unsubscribed() | r.NotSubscribed() | r.ConsentLapsed() | r.ConsentUnproven():
            return "recorded consent by the person, with a later time"
        case r.Objection():
            return "recorded consent that names the objection"
        case r.TopicLeft() | r.TopicNotJoined():
            return "the person joining the topic"
        case r.SoftBounceLimit():
            return "a delivery that succeeds, or reinstatement"
        case r.RoleAddress():
            return "the address of a person"
        case r.Unreadable():
            return "a record that can be read"
        case r.QuietHours() | r.LocalTime() | r.FrequencyCap():
            return "waiting"
        case r.Excluded() | r.Duplicate() | r.AlreadySent():
            return None


def explain_fault(fault: Fault) -> str:  # noqa: PLR0911 - one line per fault
    """One fault of a request in words, with what mends it."""
    match fault:
        case a.DomainUnverified(domain):
            return f"the from domain {domain} is not verified; add and verify it (subdomains count separately)"
        case a.DomainSuspended(domain):
            return f"the domain {domain} is suspended; no mail leaves from it"
        case a.DomainUnhealthy(domain, bounced, complained, sent):
            counts = f"{bounced} bounces and {complained} complaints in {sent} sent"
            return f"the domain {domain} is beyond its limits: {counts}"
        case a.ProviderNotConnected(provider):
            return f"the provider {provider} is not connected; connect it, or send through migma"
        case a.ManagedDomainElsewhere(domain, provider):
            return f"the managed domain {domain} sends through migma only, not through {provider}"
        case a.TopicUnusable(topic, known):
            return f"the topic {topic} is {'no longer active' if known else 'unknown in this project'}"
        case a.AudienceUnknown(what, name):
            return f"there is no {'segment' if what == 'audience' else what} {name!r} in this project"
        case a.PostalAddressMissing():
            return "marketing mail must carry a postal address and none is set; set it in the project's brand"
        case a.JustificationMissing():
            return "mailing an audience as transactional needs a justification under this policy"
        case a.ReservedName(whose, domain):
            return f"the {whose}'s domain {domain} is set aside for documents and tests; no mail reaches it"
        case a.ExclusionUnknown(what, name):
            return f"there is no {what} {name!r} to leave out in this project"
        case a.TopicMissing():
            return "marketing mail needs a topic under this policy; name one"
        case a.MarketingAheadOfTime():
            return "marketing is handed over at its time, since people may opt out before it; leave deliver_at out"
        case a.CannotCarry(provider, what):
            return f"the provider {provider} cannot carry {what}; send it through another"
        case a.SyncOverdue(provider, as_of, bound):
            if as_of is None:
                return f"opt-outs at {provider} are not known yet; run: migma sync"
            hours = f"{bound.total_seconds() / 3600:g} hours"
            since = f"opt-outs at {provider} are known as of {as_of:%Y-%m-%d %H:%M} UTC"
            return f"{since}, and may be {hours} old at most; run: migma sync"
        case a.LoopbackLinks(provider):
            here = f"the links lead to this machine only, and {provider} delivers elsewhere"
            return f"{here}; give the brand an https base_url"


def _when(at: datetime | None, source: str | None) -> str:
    day = f" on {at:%Y-%m-%d}" if at else ""
    return f"{day} ({source})" if source else day


def _not_subscribed(status: StatusFact) -> str:
    if status is StatusFact.NO_CONTACT:
        return "nobody with this address is known, and marketing needs a subscriber"
    return "the person has not subscribed"
