"""What a load refuses, so that a store never depends on what came first."""

import json
import logging

import pytest

import wholeflow as wf
from wholeflow.core.errors import InputError, StoreError
from wholeflow.governance.pseudonyms import Key, read_key
from wholeflow.store import Chunk, FileFacts, load, open_store

KEY = Key(b"k" * 32)
EVENT = {"person": "a", "at": "2024-07-01 09:00", "kind": "arrived", "place": "Ward"}
MAPPING = """
source = "s"
times = ["%Y-%m-%d %H:%M"]
place = [{ place = "Ward", setting = "ward" }]
[[file]]
feed = "wards"
match = ["wards*.csv"]
key = ["id"]
[[file.says]]
kind = "arrived"
person = { column = "who" }
at = { column = "came" }
place = "Ward"
"""


def put(store, log, name="x"):
    lines = set(log.tables["events"]["line"].to_pylist())
    return load(store, [Chunk(log, FileFacts(name, name), len(lines))], key=KEY)


def written(tmp_path, mapping=MAPPING, rows="1,a,2024-07-01 09:00\n"):
    (tmp_path / "m.toml").write_text(mapping)
    (tmp_path / "wards.csv").write_text("id,who,came\n" + rows)
    return wf.read(tmp_path / "wards.csv", mapping=tmp_path / "m.toml")


@pytest.mark.parametrize("other", [{"clock": "shifted_per_person"}, {"zone": "Europe/Paris"}])
def test_a_feed_keeps_its_clock_and_zone(other):
    store = open_store()
    put(store, wf.EventLog.from_rows("feed", events=[{**EVENT, "id": 1}]))
    with pytest.raises(StoreError, match="another clock or time zone"):
        put(store, wf.EventLog.from_rows("feed", events=[{**EVENT, "id": 2}], **other), "y")
    assert store.query("SELECT * FROM records").num_rows == 1


def test_a_log_shows_its_own_local_time():
    paris = wf.EventLog.from_rows(
        "feed", zone="Europe/Paris", events=[{**EVENT, "at": "2024-07-02 00:30"}]
    )
    store = wf.open()
    wf.load(store, paris, key=KEY)
    days = wf.measure(store, "arrivals", ["day"]).rows["day"].to_pylist()
    assert days == ["2024-07-02"]


def test_a_place_declared_otherwise_is_refused_and_nothing_is_loaded(tmp_path):
    store = wf.open()
    wf.load(store, written(tmp_path), key=KEY)
    other = MAPPING.replace('setting = "ward"', 'setting = "ed"')
    with pytest.raises(StoreError, match="declares a place"):
        wf.load(store, written(tmp_path, other, "2,b,2024-07-01 09:00\n"), key=KEY)
    assert store.query("SELECT * FROM ledger.events").num_rows == 1


def test_the_books_do_not_depend_on_the_order_within_a_load():
    one, other = (
        wf.EventLog.from_rows("feed", events=[{**EVENT, "id": 1, "place": place}])
        for place in ("Ward", "ED")
    )
    for order in ((one, other), (other, one)):
        store = open_store()
        chunks = [Chunk(log, FileFacts(str(n), str(n)), 1) for n, log in enumerate(order)]
        books = load(store, chunks, key=KEY)
        assert (books.read, books.loaded, books.rejected) == (2, 1, 1)
        assert store.query("SELECT * FROM rejects").num_rows == 1


def test_an_identifier_is_not_kept_as_an_attribute_or_a_name(tmp_path):
    for line in ('attributes = ["who"]', 'reason = { column = "who" }'):
        mapping = MAPPING.rstrip() + f"\n{line}\n"
        with pytest.raises(InputError, match="identifiers"):
            written(tmp_path, mapping)


def test_a_constant_is_no_person_and_no_time(tmp_path):
    for good, bad in (('{ column = "who" }', '"who"'), ('{ column = "came" }', '"came"')):
        with pytest.raises(InputError, match="same for every row"):
            written(tmp_path, MAPPING.replace(good, bad))


def test_the_key_is_nowhere_in_the_store(tmp_path):
    store = wf.open(tmp_path / "s.duckdb")
    wf.load(store, written(tmp_path), key=KEY)
    macros = store.query("SELECT macro_definition FROM duckdb_functions() WHERE NOT internal")
    assert not [m for m in macros["macro_definition"].to_pylist() if m and "sha256" in m]
    store.close()
    data = (tmp_path / "s.duckdb").read_bytes()
    assert KEY.secret not in data
    assert KEY.secret.hex().encode() not in data


def test_a_lost_key_file_is_not_replaced_for_a_store_that_has_one(tmp_path, monkeypatch):
    monkeypatch.setenv("WHOLEFLOW_KEY_FILE", str(tmp_path / "lost"))
    store = wf.open()
    wf.load(store, written(tmp_path), key=KEY)
    with pytest.raises(StoreError, match="is not there"):
        wf.load(store, written(tmp_path))
    assert not (tmp_path / "lost").exists()


def test_a_new_key_is_told(tmp_path, caplog):
    with caplog.at_level(logging.WARNING):
        key = read_key(tmp_path / "key")
    assert "keep a copy" in caplog.text
    assert key.secret.hex() not in caplog.text
    assert read_key(tmp_path / "key") == key


def test_words_for_an_empty_cell_and_rows_taken_back(tmp_path):
    mapping = MAPPING.replace("times =", 'blank = ["NULL"]\ntimes =').replace(
        'key = ["id"]', 'key = ["id"]\nwithdrawn = { who = "gone" }'
    )
    reading = written(
        tmp_path, mapping, "1,a,2024-07-01 09:00\n2,b,NULL\n3,gone,2024-07-01 09:00\n"
    )
    store = wf.open()
    books = wf.load(store, reading, key=KEY)
    assert (books.read, books.loaded, books.rejected) == (3, 2, 1)  # row 2 says nothing
    assert wf.measure(store, "arrivals").rows["n"].to_pylist() == [1]
    assert json.dumps(books.as_dict())
