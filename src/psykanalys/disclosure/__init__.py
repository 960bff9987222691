"""Disclosure control: no count in a report lets a reader recognise a person."""

from psykanalys.disclosure.attack import THRESHOLD, Attack, attack, is_small
from psykanalys.disclosure.suppress import Choice, suppress
from psykanalys.disclosure.system import System, two_way
from psykanalys.disclosure.tables import GROUP, Protected, protect

LEAST_THRESHOLD = 3

__all__ = [
    "GROUP",
    "LEAST_THRESHOLD",
    "THRESHOLD",
    "Attack",
    "Choice",
    "Protected",
    "System",
    "attack",
    "is_small",
    "protect",
    "suppress",
    "two_way",
]
