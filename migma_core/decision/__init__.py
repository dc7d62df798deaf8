"""The decision: may this go out, to whom, and why not to the others."""

from .authorization import Authorized, Fault, Health, Refused, Sender, authorize, health
from .eligibility import Deferred, Facts, Mailable, Verdict, Withheld, decide, facts_about
from .explain import explain, remedy
from .planning import Partition, Planned, count, partition, plan
from .policy import MIGMA, STRICT, Policy
from .purpose import Classified, Purpose, classify
from .reasons import Reason, ReasonKind
from .standing import Cell, Standing

__all__ = [
    "MIGMA",
    "STRICT",
    "Authorized",
    "Cell",
    "Classified",
    "Deferred",
    "Facts",
    "Fault",
    "Health",
    "Mailable",
    "Partition",
    "Planned",
    "Policy",
    "Purpose",
    "Reason",
    "ReasonKind",
    "Refused",
    "Sender",
    "Standing",
    "Verdict",
    "Withheld",
    "authorize",
    "classify",
    "count",
    "decide",
    "explain",
    "facts_about",
    "health",
    "partition",
    "plan",
    "remedy",
]
