"""The decision: may this go out, to whom, and why not to the others."""

from .authorization import Authorized, Health, Refused, Sender, authorize, health
from .circumstances import Circumstances, circumstances_of
from .diff import Change, Diff, Widening, diff, diff_standings, widened
from .eligibility import decide
from .explain import explain, remedy
from .facts import Facts, facts_about
from .faults import Fault
from .outside import ConsentLapse, FrequencyCap, LocalTime, OutsideRule, OwnRule, QuietHours
from .own_rows import Judged, OwnRow, OwnRows
from .planning import Partition, Planned, count, partition, plan, tally
from .policy import MIGMA, STRICT, Policy
from .printed import printed
from .purpose import Classified, Purpose, classify
from .reasons import Reason, ReasonKind
from .record import Decision, Replay, record, replay
from .standing import Cell, Standing
from .truth_table import TruthTable, truth_table
from .verdict import Deferred, Mailable, Verdict, Withheld

__all__ = [
    "MIGMA",
    "STRICT",
    "Authorized",
    "Cell",
    "Change",
    "Circumstances",
    "Classified",
    "ConsentLapse",
    "Decision",
    "Deferred",
    "Diff",
    "Facts",
    "Fault",
    "FrequencyCap",
    "Health",
    "Judged",
    "LocalTime",
    "Mailable",
    "OutsideRule",
    "OwnRow",
    "OwnRows",
    "OwnRule",
    "Partition",
    "Planned",
    "Policy",
    "Purpose",
    "QuietHours",
    "Reason",
    "ReasonKind",
    "Refused",
    "Replay",
    "Sender",
    "Standing",
    "TruthTable",
    "Verdict",
    "Widening",
    "Withheld",
    "authorize",
    "circumstances_of",
    "classify",
    "count",
    "decide",
    "diff",
    "diff_standings",
    "explain",
    "facts_about",
    "health",
    "partition",
    "plan",
    "printed",
    "record",
    "remedy",
    "replay",
    "tally",
    "truth_table",
    "widened",
]
