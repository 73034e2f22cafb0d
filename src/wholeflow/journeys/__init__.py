"""People's whole way: stays, handoffs, journeys and census, worked out from events in SQL."""

from wholeflow.journeys.check import Check, Finding, check
from wholeflow.journeys.journeys import Journeys, journeys
from wholeflow.journeys.operators import OPERATORS, columns

__all__ = ["OPERATORS", "Check", "Finding", "Journeys", "check", "columns", "journeys"]
