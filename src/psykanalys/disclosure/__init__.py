"""Disclosure control: no count in a report lets a reader recognise a person."""

from psykanalys.disclosure.attack import THRESHOLD, Attack, attack, is_small
from psykanalys.disclosure.suppress import Choice, suppress
from psykanalys.disclosure.system import System, two_way

__all__ = ["THRESHOLD", "Attack", "Choice", "System", "attack", "is_small", "suppress", "two_way"]
