"""A made-up place that several laws look at."""

import pytest

import wholeflow as wf
from wholeflow.governance.pseudonyms import Key
from wholeflow.sources.demo import write_records
from wholeflow.store import Store


@pytest.fixture(scope="session")
def riverford(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A store of the demo's place."""
    folder = tmp_path_factory.mktemp("riverford")
    write_records(folder, people=150, seed=3, truth=False)
    store = wf.open()
    wf.load(store, wf.read(folder, source="demo"), key=Key(b"k" * 32))
    return store
