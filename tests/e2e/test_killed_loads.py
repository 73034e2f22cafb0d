"""A load that is killed, or finds no room, leaves the store as it was before or after it."""

import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.e2e import killing

from wholeflow.core.errors import StoreError
from wholeflow.store import open_store

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc").is_dir(), reason="instants are told by /proc (Linux)"),
]

ROWS = 20_000
MB = 1_000_000


@pytest.fixture(scope="module")
def ground(tmp_path_factory):
    return killing.prepare(tmp_path_factory.mktemp("ground"), ROWS)


# --- killed; tests/prove has 200 instants ---


@pytest.mark.parametrize(
    ("when", "phases"),
    [
        (killing.after(0.05), {"before"}),
        (killing.has_the_store, {"within"}),
        (killing.after(0.55), {"before", "within", "after"}),
        (killing.after(0.75), {"before", "within", "after"}),
        (killing.writes_its_log, {"within", "after"}),
        (killing.after(100), {"after"}),
    ],
    ids=["at once", "has the store", "0.55", "0.75", "writes its log", "has ended"],
)
def test_a_killed_load_leaves_the_store_as_before_or_after(ground, when, phases, tmp_path):
    killed = killing.kill_a_load(ground, when, tmp_path.name)
    assert killed.is_sound, killed
    assert killed.phase in phases, killed


@pytest.mark.parametrize("when", [killing.has_the_store, killing.writes_its_log])
def test_a_killed_migration_leaves_the_store_as_before_or_after(when, tmp_path):
    ground = killing.prepare_old(tmp_path)
    killed = killing.kill_a_migration(ground, when, "killed")
    assert killed.is_sound, killed
    assert not killed.had_ended


def test_a_load_into_a_new_store_that_is_killed_can_be_repeated(ground, tmp_path):
    path = tmp_path / "s.duckdb"
    for when in (lambda pid, store, over: any(tmp_path.iterdir()), killing.has_the_store):
        process = subprocess.Popen(
            ground.command(path), env=ground.environment(), stdout=subprocess.DEVNULL
        )
        killing.kill(process, path, when, 1)
        if path.exists():
            assert killing.contents(path)["batches"] == (0, 0)
        path.unlink(missing_ok=True)
    ground.load_again(path)
    assert [file.name for file in tmp_path.iterdir()] == ["s.duckdb"]
    assert killing.contents(path)["records"][0] == ROWS - ROWS // 100 + 1  # and the ward


MAKE = """
import sys, time, wholeflow as wf
from wholeflow.core.errors import StoreError
from wholeflow.governance.pseudonyms import Key
row = {"id": 1, "person": "a", "at": "2024-07-01 09:00", "kind": "arrived", "place": "Ward"}
log = wf.EventLog.from_rows(sys.argv[2], events=[row])
sys.stdin.readline()
while True:
    try:
        with wf.open(sys.argv[1]) as store:
            wf.load(store, log, key=Key(b"k" * 32))
        break
    except StoreError as error:
        assert "holds this store open" in error.what, error
        time.sleep(0.01)
"""


def test_processes_that_make_one_store_at_once_lose_nothing(tmp_path):
    makers = [
        subprocess.Popen(
            [sys.executable, "-c", MAKE, tmp_path / "s.duckdb", f"feed-{n}"],
            stdin=subprocess.PIPE, text=True,
        )
        for n in range(4)
    ]  # fmt: skip
    for maker in makers:
        maker.stdin.write("go\n")
        maker.stdin.flush()
    assert [maker.wait(60) for maker in makers] == [0, 0, 0, 0]
    for maker in makers:
        maker.stdin.close()
    assert killing.loaded(tmp_path / "s.duckdb") == 4
    assert [file.name for file in tmp_path.iterdir()] == ["s.duckdb"]


# --- no room ---


def run(ground, path, limit=resource.RLIM_INFINITY):
    return subprocess.run(
        ground.command(path), env=ground.environment(), capture_output=True, text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )  # fmt: skip


def is_told(done, path):
    said = done.stderr.splitlines()
    return (
        done.returncode == 1
        and said[0] == "the disk is full, or a limit on the size of files is reached"
        and said[1].startswith(f"  where: {path}")
        and said[2].startswith("  to do: Make room")
        and "Traceback" not in done.stderr
    )


@pytest.mark.parametrize("limit", [10_000, 1 * MB, 3 * MB, 5 * MB, 6.5 * MB])
def test_a_load_that_may_not_grow_the_file_is_refused_and_changes_nothing(ground, limit, tmp_path):
    path = ground.copy(tmp_path.name)
    done = run(ground, path, int(limit))
    assert is_told(done, path), done
    assert killing.contents(path) == ground.before
    assert {file.name for file in path.parent.iterdir() if file.stat().st_size} == {"s.duckdb"}
    assert run(ground, path).returncode == 0
    assert killing.contents(path) == ground.after


@pytest.fixture
def disk(tmp_path):
    """Makes a small disk with so much room on it beside some files, and more when asked again."""
    folder = tmp_path / "disk"
    folder.mkdir()

    def resize(size, *, again=False):
        options = f"size={size},mode=700" + (",remount" if again else "")
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder]
        if subprocess.run(command, capture_output=True).returncode:
            pytest.skip("only root may make a disk, and not everywhere")
        return folder

    yield resize
    subprocess.run(["umount", folder], capture_output=True)  # noqa: S607


@pytest.mark.parametrize("room", [0, 10_000, 1 * MB, 3 * MB, 6 * MB, 8 * MB, 10 * MB])
def test_a_load_on_a_full_disk_is_refused_or_done(ground, room, disk):
    size = (ground.folder / "first.duckdb").stat().st_size // 4096 * 4096 + 4096
    path = disk(size + room) / "s.duckdb"
    shutil.copy(ground.folder / "first.duckdb", path)
    done = run(ground, path)
    refused = is_told(done, path)
    assert refused or done.returncode == 0, done
    assert killing.contents(path) == (ground.before if refused else ground.after)
    assert refused or room > 3 * MB
    disk(100 * MB, again=True)
    assert run(ground, path).returncode == 0
    assert ground.is_complete(path)
    assert [file.name for file in path.parent.iterdir()] == ["s.duckdb"]


@pytest.mark.parametrize("room", [4096, 100_000, 2 * MB])
def test_a_new_store_that_finds_no_room_is_not_there(ground, room, disk):
    path = disk(room) / "s.duckdb"
    done = run(ground, path)
    assert is_told(done, path), done
    assert list(path.parent.iterdir()) == []


def test_an_old_store_that_finds_no_room_to_be_brought_up_to_date_stays_old(disk, tmp_path):
    old = killing.prepare_old(tmp_path)
    whole = tmp_path / "old.duckdb"
    path = disk(whole.stat().st_size + 100_000) / "s.duckdb"
    shutil.copy(whole, path)
    for must_exist in (True, False):
        with pytest.raises(StoreError, match="the disk is full"):
            open_store(path, must_exist=must_exist)
    assert killing.raw(path) == old.before
    assert {file.name for file in path.parent.iterdir() if file.stat().st_size} == {"s.duckdb"}
