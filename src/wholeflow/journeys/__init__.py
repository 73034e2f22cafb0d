"""People's whole way: stays, handoffs, journeys and census, worked out from events in SQL."""

from wholeflow.journeys.checking import Check, Finding, check
from wholeflow.journeys.view import Journeys, journeys
from wholeflow.journeys.operators import OPERATORS, columns

__all__ = ["OPERATORS", "Check", "Finding", "Journeys", "check", "columns", "journeys"]
