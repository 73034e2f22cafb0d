"""Where records are kept: one face over an engine, each load whole or not at all."""

from wholeflow.store.engine import Engine
from wholeflow.store.loading import Chunk, FileFacts, LoadResult, Reject, load
from wholeflow.store.store import Store, open_store

__all__ = [
    "Chunk",
    "Engine",
    "FileFacts",
    "LoadResult",
    "Reject",
    "Store",
    "load",
    "open_store",
]
