"""Pseudonyms: the same keyed hash in Python and in SQL, and a key that stays with its owner."""

from __future__ import annotations

import hashlib
import hmac
import stat

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from wholeflow.core.errors import StoreError, WholeflowError
from wholeflow.events import EventLog
from wholeflow.governance.pseudonyms import Key, default_key_file, read_key, show
from wholeflow.journeys import journeys
from wholeflow.store import Chunk, FileFacts, load, open_store

KEY = Key(b"k" * 32)

# RFC 4231, test cases 1, 2, 6 and 7: those whose data are text. The first 60 bits of 256.
RFC_4231 = [
    (b"\x0b" * 20, "Hi There", "b0344c61d8db385"),
    (b"Jefe", "what do ya want for nothing?", "5bdcc146bf60754"),
    (
        b"\xaa" * 131,
        "Test Using Larger Than Block-Size Key - Hash Key First",
        "60e431591ee0b67",
    ),
    (
        b"\xaa" * 131,
        "This is a test using a larger than block-size key and a larger than block-size data. "
        "The key needs to be hashed before being used by the HMAC algorithm.",
        "9b09ffa71b942fc",
    ),
]


def in_sql(key: Key, text: str) -> int:
    with duckdb.connect() as connection:
        connection.execute(key.sql_macro())
        return int(connection.execute("SELECT keyed_hash(?)", [text]).fetchone()[0])


@pytest.mark.parametrize(("secret", "text", "wanted"), RFC_4231)
def test_python_agrees_with_rfc_4231(secret, text, wanted):
    assert show(Key(secret).pseudonym(text)) == wanted


@pytest.mark.parametrize(("secret", "text", "wanted"), RFC_4231)
def test_sql_agrees_with_rfc_4231(secret, text, wanted):
    assert show(in_sql(Key(secret), text)) == wanted


@settings(max_examples=25)
@given(
    texts=st.lists(st.text(max_size=80), min_size=1, max_size=10),
    secret=st.binary(min_size=1, max_size=64),
)
@example(["", "O'Brien", "Zoë", "\U0001f600", "\\x00", "%s $1 {}", "'); DROP"], b"\0" * 32)
def test_sql_and_python_agree_on_any_text_and_key(texts, secret):
    key = Key(secret)
    with duckdb.connect() as connection:
        connection.execute(key.sql_macro())
        for text in texts:
            (found,) = connection.execute("SELECT keyed_hash(?)", [text]).fetchone()
            digest = hmac.new(secret, text.encode(), hashlib.sha256).hexdigest()
            assert found == key.pseudonym(text) == int(digest[:15], 16)
            assert 0 <= found < 2**60


def test_no_text_has_no_pseudonym():
    with duckdb.connect() as connection:
        connection.execute(KEY.sql_macro())
        assert connection.execute("SELECT keyed_hash(NULL)").fetchone() == (None,)


def test_a_pseudonym_is_fifteen_digits():
    assert show(0) == "0" * 15
    assert show(2**60 - 1) == "f" * 15


def test_a_key_never_shows_itself():
    assert "k" * 32 not in f"{KEY!r} {KEY}" and "6b6b" not in f"{KEY!r} {KEY.fingerprint}"
    assert KEY.fingerprint != Key(b"j" * 32).fingerprint


def test_a_new_key_file_is_for_its_owner_only(tmp_path):
    path = tmp_path / "new folder" / "key"
    made = read_key(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(made.secret) == 32
    assert read_key(path) == made
    assert read_key(tmp_path / "another") != made


@pytest.mark.parametrize("text", ["", "abc", "0" * 63, "0" * 66, "g" * 64, "\xff" * 64])
def test_a_file_that_holds_no_key_is_refused_and_left_alone(tmp_path, text):
    path = tmp_path / "key"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(StoreError) as caught:
        read_key(path)
    assert text == "" or text not in str(caught.value)
    assert path.read_text(encoding="utf-8") == text


def test_the_key_file_is_where_the_environment_says(tmp_path, monkeypatch):
    monkeypatch.setenv("WHOLEFLOW_KEY_FILE", str(tmp_path / "mine"))
    assert default_key_file() == tmp_path / "mine"
    monkeypatch.delenv("WHOLEFLOW_KEY_FILE")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert default_key_file() == tmp_path / "wholeflow" / "key"


def book(person: str = "9434765919") -> Chunk:
    rows = [{"person": person, "at": "2024-07-01 09:00", "kind": "arrived", "place": "Ward"}]
    return Chunk(EventLog.from_rows("book", events=rows), FileFacts("book.csv", "h"), 1)


def test_a_store_refuses_another_key_and_stays_as_it_was():
    store = open_store()
    load(store, [book()], key=KEY)
    with pytest.raises(WholeflowError) as caught:
        load(store, [book("another")], key=Key(b"j" * 32))
    assert "key" in caught.value.what and "WHOLEFLOW_KEY_FILE" in caught.value.repair
    assert store.query("SELECT * FROM records").num_rows == 1
    assert load(store, [book()], key=KEY).already == 1


def test_a_store_keeps_identifiers_of_all_sources_or_of_none():
    store = open_store()
    load(store, [book()], key=KEY)
    with pytest.raises(WholeflowError):
        load(store, [book("another")], key=KEY, keep_ids=True)
    assert store.query("SELECT * FROM kept_ids").num_rows == 0


def test_without_leave_no_identifier_is_anywhere_in_a_store(tmp_path):
    path = tmp_path / "flow.wholeflow"
    with open_store(path) as store:
        load(store, [book()], key=KEY)
        found = journeys(store).table("stays")["person"].to_pylist()
    assert found == [show(KEY.pseudonym("9434765919"))]
    raw = path.read_bytes()
    assert b"9434765919" not in raw
    assert KEY.secret not in raw and KEY.secret.hex().encode() not in raw
