"""A file that takes an answer only so far: so many rows, so many bytes.

The engine writes an answer in pieces. Where rows are bounded they are found in the bytes as they pass, by what ends a row in each format;
after the last row that is taken the answer is closed as its format wants it: it stays well-formed, and whoever asked is told that it was cut.
"""

from __future__ import annotations

import re
from typing import BinaryIO

_TAILS = {"json": b"]}}", "xml": b"</results></sparql>", "csv": b"", "tsv": b""}
#: What ends a row, past quoted text (that of JSON and CSV, which a piece may break off).
_ENDS = {
    "json": re.compile(rb'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|(?P<end>(?<!\])\}\}|\{\})', re.DOTALL),
    "xml": re.compile(rb"(?P<end></result>)"),
    "csv": re.compile(rb'"(?:[^"]|"")*+(?:"|\Z)|(?P<end>\n)'),
    "tsv": re.compile(rb"(?P<end>\n)"),
}


class TooLarge(ValueError):
    """The answer has more bytes than are taken."""


class Full(Exception):
    """All the rows that are taken are written."""


class Cut:
    """The file of an answer. A bound of 0 is none; ``is_full`` says that there were more rows."""

    def __init__(self, file: BinaryIO, form: str, most_rows: int, most_bytes: int) -> None:
        self._file, self._form, self._most_rows, self._most_bytes = file, form, most_rows, most_bytes
        self._size = 0
        self._rest = b""
        self._rows = -1 if form in ("csv", "tsv") else 0  # the line of names is none
        self.is_full = False

    def write(self, piece: bytes) -> int:
        """Take a piece. Raises Full or TooLarge when there is more than is taken."""
        if self.is_full:
            return len(piece)  # the engine empties its buffer once more when it is told to stop
        self._size += len(piece)
        if self._most_bytes and self._size > self._most_bytes:
            raise TooLarge(f"the answer is larger than {self._most_bytes >> 20} MB; ask for less, or with LIMIT")
        if self._most_rows and self._form:
            self._cut(self._rest + piece)
        else:
            self._file.write(piece)
        return len(piece)

    def _cut(self, text: bytes) -> None:
        last = 0
        for match in _ENDS[self._form].finditer(text):
            if not match["end"]:
                continue
            if self._rows == self._most_rows:
                self._rest, self.is_full = b"", True
                self._file.write(text[:last] + _TAILS[self._form])
                raise Full
            self._rows += 1
            last = match.end()
        self._file.write(text[:last])
        self._rest = text[last:]

    def flush(self) -> None:
        """Nothing: the engine flushes after each piece."""

    def close(self) -> None:
        """Write what no row end followed: the foot of the answer."""
        self._file.write(self._rest)
        self._rest = b""
