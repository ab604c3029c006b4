"""AACT, the relational form of ClinicalTrials.gov: a zip or a folder of tables, a row a line, columns parted by "|".

The rows of one trial are spread over some twenty files, each in an order of its own. They are brought together once, in an
SQLite file under the user's cache directory, and read from there trial by trial in any process.
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
import sqlite3
import zipfile
from collections.abc import Iterator
from contextlib import closing
from functools import cache, lru_cache
from pathlib import Path
from typing import IO

import orjson

from kg import assets
from kg.archive import check, members
from kg.errors import DocumentError

_MAX_FIELD = 50_000_000
_BATCH = 20_000


@cache
def _tables() -> tuple[str, ...]:
    return tuple(assets.facts("aact")["tables"])


def is_export(path: Path) -> bool:
    """Whether a zip or a folder holds the tables of AACT."""
    try:
        if path.is_dir():
            if not (path / "studies.txt").is_file():
                return False
            with (path / "studies.txt").open("rb") as file:
                return file.readline(10_000).startswith(b"nct_id|")
        if not any(member.name == "studies.txt" for member in members(path)):
            return False
        with zipfile.ZipFile(path) as archive, archive.open("studies.txt") as file:
            return file.readline(10_000).startswith(b"nct_id|")
    except (OSError, zipfile.BadZipFile, RuntimeError, NotImplementedError):
        return False


def cache_folder() -> Path:
    """Where files stand that can be made again: the user's cache directory."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "trialkg"


def trials(path: Path) -> list[str]:
    """The identifiers of the trials of an export, sorted. Raises DocumentError when it cannot be read."""
    with closing(_connected(_index(path))) as connection:
        return [nct for (nct,) in connection.execute("SELECT nct FROM row WHERE tab = 'studies' ORDER BY nct")]


def trial(path: Path, identifier: str) -> bytes:
    """All rows of one trial as JSON: {"aact": {table: [{column: value}]}}. Raises DocumentError."""
    found: dict[str, list[object]] = {}
    query = "SELECT tab, data FROM row WHERE nct = ? ORDER BY place"
    for table, data in _opened(_index(path)).execute(query, (identifier,)):
        found.setdefault(table, []).append(orjson.loads(data))
    return orjson.dumps({"aact": found})


def _connected(index: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{index.resolve().as_uri()}?mode=ro", uri=True)


_opened = lru_cache(maxsize=4)(_connected)


def _index(path: Path) -> Path:
    """The file in which the rows of an export are brought together; made when it is not there, or the export has changed."""
    where = hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:16]
    told = (path / "studies.txt").stat() if path.is_dir() else path.stat()
    folder = cache_folder()
    index = folder / f"aact-{where}-{told.st_size}-{told.st_mtime_ns}.sqlite"
    if index.exists():
        return index
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob(f"aact-{where}-*.sqlite"):
        old.unlink(missing_ok=True)
    fresh = index.with_name(f".{index.name}.{os.getpid()}.part")
    try:
        _bring_together(path, fresh)
        fresh.replace(index)
    finally:
        fresh.unlink(missing_ok=True)
    return index


def _bring_together(path: Path, index: Path) -> None:
    connection = sqlite3.connect(index)
    try:
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("CREATE TABLE row (place INTEGER PRIMARY KEY, nct TEXT, tab TEXT, data BLOB)")
        for table in _tables():
            batch: list[tuple[str, str, bytes]] = []
            for row in _rows(path, f"{table}.txt"):
                batch.append((row.get("nct_id", ""), table, orjson.dumps(row)))
                if len(batch) == _BATCH:
                    connection.executemany("INSERT INTO row (nct, tab, data) VALUES (?, ?, ?)", batch)
                    batch.clear()
            connection.executemany("INSERT INTO row (nct, tab, data) VALUES (?, ?, ?)", batch)
        connection.execute("CREATE INDEX by_trial ON row (nct)")
        connection.commit()
    finally:
        connection.close()


def _rows(path: Path, name: str) -> Iterator[dict[str, str]]:
    """The rows of a table, each without its empty columns; none when there is no such table."""
    csv.field_size_limit(_MAX_FIELD)
    try:
        if path.is_dir():
            if (path / name).is_file():
                with (path / name).open("rb") as file:
                    yield from _parsed(file)
            return
        with zipfile.ZipFile(path) as archive:
            if name not in archive.namelist():
                return
            check(archive.getinfo(name))
            with archive.open(name) as file:
                yield from _parsed(file)
    except (csv.Error, zipfile.BadZipFile, OSError, EOFError) as error:
        raise DocumentError("broken-table", f"has a table that cannot be read, {name}: {error}") from error


def _parsed(file: IO[bytes]) -> Iterator[dict[str, str]]:
    with io.TextIOWrapper(file, encoding="utf-8-sig", errors="replace", newline="") as text:
        for row in csv.DictReader(text, delimiter="|"):
            yield {
                name: value for name, value in row.items() if isinstance(name, str) and isinstance(value, str) and value
            }
