"""What is to be done now: who waits at an instant, for what, and whose turn it is."""

from wholeflow.coordinate.now import ASKED, CLOCK, END, FeedAge, Today, default_instant, today
from wholeflow.coordinate.plain_sql import answer

__all__ = ["ASKED", "CLOCK", "END", "FeedAge", "Today", "answer", "default_instant", "today"]
