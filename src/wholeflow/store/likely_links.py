"""Links between people that were worked out and not recorded: they replace those of before."""

from __future__ import annotations

import pyarrow as pa

from wholeflow.store.store import Store


def replace_links(store: Store, feed: str, links: pa.Table) -> None:
    """Put links in the store in place of all that ``feed`` said before.

    ``links``: person, same_as (pseudonyms of this store) and probability. They belong to
    no file and have no versions: worked out again, they are others.
    """
    engine = store.engine
    engine.register("worked_out", links)
    with engine.transaction():
        engine.execute(
            "INSERT INTO dictionary SELECT (SELECT count(*) FROM dictionary) + 1, ? "
            "WHERE ? NOT IN (SELECT name FROM dictionary)",
            [feed, feed],
        )
        code = engine.query("SELECT code FROM dictionary WHERE name = ?", [feed])["code"][0].as_py()
        engine.execute("DELETE FROM ledger.same_person WHERE source = ?", [code])
        engine.execute(
            "INSERT INTO ledger.same_person "
            "(id, part, source, withdrawn, run, person, same_as, method, probability) "
            "SELECT row_number() OVER (ORDER BY person, same_as), 0, ?, false, 0, person, same_as, "
            "?, probability FROM worked_out",
            [code, code],
        )
    engine.unregister("worked_out")
