"""The kit for testing what you build on the core (extra ``testing``): the only wing that may import Hypothesis."""

from ..decision.checker import check
from . import strategies
from .decision_laws import DecisionLaws
from .encoding_laws import EncodingLaws
from .hand_over_laws import HandOverLaws
from .law import Law, LawBook, law
from .machine import PolicyMachine
from .provider_laws import ProviderLaws
from .review import assert_nobody_newly_mailable

__all__ = [
    "DecisionLaws",
    "EncodingLaws",
    "HandOverLaws",
    "Law",
    "LawBook",
    "PolicyMachine",
    "ProviderLaws",
    "assert_nobody_newly_mailable",
    "check",
    "law",
    "strategies",
]
