"""Where records are kept: one face over an engine, each load whole or not at all."""

from wholeflow.store.books import REPLACED_FILES, LoadResult, Reject
from wholeflow.store.engine import Engine
from wholeflow.store.likely_links import replace_links
from wholeflow.store.loading import Chunk, FileFacts, load
from wholeflow.store.store import Store, open_store

__all__ = [
    "REPLACED_FILES",
    "Chunk",
    "Engine",
    "FileFacts",
    "LoadResult",
    "Reject",
    "Store",
    "load",
    "open_store",
    "replace_links",
]
