"""The house keeps its order, and opening the door is cheap."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def test_a_package_imports_only_from_those_below_it() -> None:
    command = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [command, "--no-cache", "--no-logo"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def imported() -> set[str]:
    """The top-level modules that are there after `import wholeflow`, in a fresh process."""
    script = "import sys, wholeflow; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


@pytest.mark.parametrize("heavy", ["pandas", "scipy", "vl_convert"])
def test_import_wholeflow_leaves_heavy_libraries_alone(heavy: str, imported: set[str]) -> None:
    assert "wholeflow" in imported
    assert heavy not in imported
