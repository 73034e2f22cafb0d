"""People's whole way: stays, handoffs, journeys and census, worked out from events in SQL."""

from wholeflow.journeys.journeys import Journeys, journeys
from wholeflow.journeys.operators import OPERATORS, columns

__all__ = ["OPERATORS", "Journeys", "columns", "journeys"]
