"""The kit for testing what you build on the core (extra ``testing``): the only wing that may import Hypothesis."""

from ..decision.checker import check
from . import strategies
from .agreement_laws import AgreementLaws, Disagreement, disagreements, disagreements_with_python
from .decision_laws import DecisionLaws
from .encoding_laws import EncodingLaws
from .hand_over_laws import HandOverLaws
from .intake_laws import IdempotencyLaws, InboxLaws, PaceLaws
from .law import Law, LawBook, law
from .ledger_laws import LedgerLaws
from .machine import PolicyMachine
from .own_rows_laws import OwnRowsLaws
from .provider_laws import ProviderLaws
from .review import assert_nobody_newly_mailable
from .schedule_laws import ScheduleLaws
from .storage import StorageLaws
from .store_laws import StoreLaws

__all__ = [
    "AgreementLaws",
    "DecisionLaws",
    "Disagreement",
    "EncodingLaws",
    "HandOverLaws",
    "IdempotencyLaws",
    "InboxLaws",
    "Law",
    "LawBook",
    "LedgerLaws",
    "OwnRowsLaws",
    "PaceLaws",
    "PolicyMachine",
    "ProviderLaws",
    "ScheduleLaws",
    "StorageLaws",
    "StoreLaws",
    "assert_nobody_newly_mailable",
    "check",
    "disagreements",
    "disagreements_with_python",
    "law",
    "strategies",
]
