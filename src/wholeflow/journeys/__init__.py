"""People's whole way: stays, handoffs, journeys and census, worked out from events in SQL."""

from wholeflow.journeys.checking import Check, Finding, check
from wholeflow.journeys.likeness import Linked, link
from wholeflow.journeys.operators import OPERATORS, columns
from wholeflow.journeys.view import GAP_DAYS, LINKS, Journeys, journeys

__all__ = [
    "GAP_DAYS",
    "LINKS",
    "OPERATORS",
    "Check",
    "Finding",
    "Journeys",
    "Linked",
    "check",
    "columns",
    "journeys",
    "link",
]
