"""What a build must keep of every document, kept on disk: memory stays the same for ten thousand documents and for a million.

Each collection is a temporary database of SQLite (a file that has no name, so that nothing is left of it however the process ends), of which
a few megabytes are in memory. A disk that is full is an OSError, as with any other file.
"""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Iterator
from typing import Any

_KILOBYTES = 4_096  # of each collection in memory
_PAGE = 512  # rows that are fetched together


class _Database:
    def __init__(self, table: str) -> None:
        self._db = sqlite3.connect("", isolation_level=None)
        for setting in ("journal_mode=OFF", "synchronous=OFF", "locking_mode=EXCLUSIVE", f"cache_size=-{_KILOBYTES}"):
            self._db.execute(f"PRAGMA {setting}")
        self._db.execute(f"CREATE TABLE kept ({table})")

    def do(self, statement: str, *values: object) -> Any:
        """Run one statement. Raises OSError when the disk does not take it."""
        try:
            return self._db.execute(statement, values)
        except sqlite3.OperationalError as error:
            full = "full" in str(error)
            raise OSError(
                errno.ENOSPC if full else errno.EIO, os.strerror(errno.ENOSPC) if full else str(error)
            ) from error


class Rows:
    """A list of bytes that is only added to."""

    def __init__(self) -> None:
        self._rows = _Database("number INTEGER PRIMARY KEY, value BLOB")
        self._count = 0

    def append(self, value: bytes) -> None:
        """Add one at the end."""
        self._rows.do("INSERT INTO kept VALUES (?, ?)", self._count, value)
        self._count += 1

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, number: int) -> bytes:
        row = self._rows.do("SELECT value FROM kept WHERE number = ?", number).fetchone()
        if row is None:
            raise IndexError(number)
        return bytes(row[0])

    def __iter__(self) -> Iterator[bytes]:
        for start in range(0, self._count, _PAGE):
            for (value,) in self._rows.do("SELECT value FROM kept WHERE number >= ? LIMIT ?", start, _PAGE).fetchall():
                yield value


class Table:
    """A dictionary from bytes to bytes, which gives its keys in order."""

    def __init__(self) -> None:
        self._rows = _Database("key BLOB PRIMARY KEY, value BLOB) WITHOUT ROWID --")
        self._count = 0

    def add(self, key: bytes, value: bytes = b"") -> bool:
        """Keep a value under a key that has none; whether it had none."""
        fresh = bool(self._rows.do("INSERT OR IGNORE INTO kept VALUES (?, ?)", key, value).rowcount)
        self._count += fresh
        return fresh

    def put(self, key: bytes, value: bytes) -> None:
        """Keep a value under a key, in place of the one that it had."""
        if not self.add(key, value):
            self._rows.do("UPDATE kept SET value = ? WHERE key = ?", value, key)

    def get(self, key: bytes) -> bytes | None:
        """The value of a key; None when it has none."""
        row = self._rows.do("SELECT value FROM kept WHERE key = ?", key).fetchone()
        return None if row is None else bytes(row[0])

    def __len__(self) -> int:
        return self._count

    def items(self) -> Iterator[tuple[bytes, bytes]]:
        """Keys with their values, in the order of the keys."""
        last, found = b"", self._rows.do("SELECT key, value FROM kept ORDER BY key LIMIT ?", _PAGE).fetchall()
        while found:
            yield from found
            last = found[-1][0]
            found = self._rows.do(
                "SELECT key, value FROM kept WHERE key > ? ORDER BY key LIMIT ?", last, _PAGE
            ).fetchall()
