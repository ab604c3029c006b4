"""Collections on disk are what lists, sets and dictionaries in memory are."""

from __future__ import annotations

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.spool import Rows, Table


@given(st.lists(st.binary(max_size=20), max_size=40))
def test_rows_are_a_list(values: list[bytes]) -> None:
    rows = Rows()
    for value in values:
        rows.append(value)
    assert list(rows) == values and len(rows) == len(values)
    assert [rows[n] for n in range(len(values))] == values
    with pytest.raises(IndexError):
        rows[len(values)]


@given(st.lists(st.tuples(st.booleans(), st.binary(max_size=3), st.binary(max_size=5)), max_size=60))
def test_a_table_is_a_dictionary_in_order(steps: list[tuple[bool, bytes, bytes]]) -> None:
    table, known = Table(), dict[bytes, bytes]()
    for put, key, value in steps:
        if put:
            table.put(key, value)
            known[key] = value
        else:
            assert table.add(key, value) == (key not in known)
            known.setdefault(key, value)
        assert table.get(key) == known[key]
    assert list(table.items()) == sorted(known.items()) and len(table) == len(known)
    assert table.get(b"never kept") is None


def test_more_rows_than_are_fetched_at_once() -> None:
    rows, table = Rows(), Table()
    for number in range(2_000):
        rows.append(b"%d" % number)
        table.add(b"%05d" % (1_999 - number))
    assert list(rows) == [b"%d" % n for n in range(2_000)]
    assert [key for key, _ in table.items()] == [b"%05d" % n for n in range(2_000)]


def test_rows_may_be_added_while_others_are_read() -> None:
    rows = Rows()
    for number in range(600):
        rows.append(b"%d" % number)
    for number, _ in enumerate(rows):
        if number < 5:
            rows.append(b"more")
    assert len(rows) == 605


def test_a_full_disk_is_an_error_of_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = Rows()

    class Full:
        def execute(self, *_: object) -> None:
            raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(rows._rows, "_db", Full())
    with pytest.raises(OSError, match="No space left"):
        rows.append(b"")
