"""Where records come from: files on disk and the mappings that say what they mean."""

from wholeflow.sources.mapping_file import shipped_mappings
from wholeflow.sources.reading import Reading, read

__all__ = ["Reading", "read", "shipped_mappings"]
