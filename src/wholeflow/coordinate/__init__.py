"""What is to be done now: who waits at an instant, for what, and whose turn it is."""

from wholeflow.coordinate.now import ASKED, CLOCK, END, FeedAge, Today, default_instant, today

__all__ = ["ASKED", "CLOCK", "END", "FeedAge", "Today", "default_instant", "today"]
