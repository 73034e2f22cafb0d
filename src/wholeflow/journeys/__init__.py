"""People's whole way: stays, handoffs, journeys and census, worked out from events in SQL."""

from wholeflow.journeys.checking import Check, Finding, check
from wholeflow.journeys.operators import OPERATORS, columns
from wholeflow.journeys.view import Journeys, journeys

__all__ = ["OPERATORS", "Check", "Finding", "Journeys", "check", "columns", "journeys"]
