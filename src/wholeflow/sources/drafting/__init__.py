"""Drafting: a mapping proposed from the files themselves, for a person to correct.

Nothing is sent anywhere, and no person's values stand in a draft: only codes of
columns that hold few values, from five rows on.
"""

from wholeflow.sources.drafting.draft import draft

__all__ = ["draft"]
