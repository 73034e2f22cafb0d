"""What every test may ask for."""

import sys
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).parents[1]

# The same examples in every run, and no clock: a slow machine is not a failure.
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real data and published cases that may lie beside the project."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        pytest.skip("the folder ../shared with real data is not beside the project")
    return folder


@pytest.fixture(scope="session")
def peers() -> Path:
    """The folder of other engine versions: a subprocess puts it on its PYTHONPATH."""
    folder = Path(sys.prefix) / "peers"
    if not folder.is_dir():
        pytest.skip("the second engine version is not installed: `make test` does that")
    return folder


@pytest.fixture(scope="session")
def pm4py_python() -> Path:
    """The Python that has pm4py, which is AGPL and runs in processes of its own only."""
    path = Path(sys.prefix) / "pm4py/bin/python"
    if not path.exists():
        pytest.skip("pm4py is not installed in its own environment: `make test` does that")
    return path
