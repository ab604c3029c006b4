"""A document as read, and quotations from it.

Offsets everywhere in Trial KG count characters (Unicode code points) of :attr:`Document.text`, end exclusive.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import msgspec

from kg.encoding import clean, decode, repair, shorten
from kg.errors import DocumentError

#: The longest document that is read, in bytes. The longest ClinicalTrials.gov page seen is under 3 MB.
MAX_BYTES = 16 * 2**20

_SPACES = re.compile(r"\s+")


class Quote(msgspec.Struct, frozen=True):
    """A stretch of a document: ``document.text[start:end] == text``."""

    start: int
    end: int
    text: str

    def __bool__(self) -> bool:
        return self.end > self.start

    def part(self, start: int, end: int) -> Quote:
        """The quotation from ``start`` to ``end``, both counted from the beginning of this one."""
        return Quote(self.start + start, self.start + end, self.text[start:end])

    def strip(self, characters: str | None = None) -> Quote:
        """This quotation without white space (or the given characters) at its ends."""
        left = len(self.text) - len(self.text.lstrip(characters))
        right = len(self.text.rstrip(characters))
        return self.part(left, max(left, right))

    def group(self, match: re.Match[str], group: int | str = 0) -> Quote:
        """What ``match`` (made on ``self.text``) caught, stripped."""
        return self.part(*match.span(group)).strip()

    @property
    def words(self) -> str:
        """The text on one line: every run of white space is one space."""
        return _SPACES.sub(" ", self.text).strip()

    def lines(self) -> Iterator[Quote]:
        """The lines of the quotation, without their ends."""
        start = 0
        for line in self.text.split("\n"):
            end = start + len(line)
            yield self.part(start, end - 1 if line.endswith("\r") else end)
            start = end + 1

    def sentences(self) -> Iterator[Quote]:
        """The sentences of the quotation, stripped; abbreviations such as "e.g." do not end one."""
        start = 0
        for match in re.finditer(r"(?:[.!?]['\")\]]*(?=\s+[A-Z0-9(])|\n\s*\n)\s*", self.text):
            before = self.text[max(0, match.start() - 5) : match.start() + 1].lower()
            if before.endswith(("e.g.", "i.e.", "vs.", "dr.", "no.", "approx.", " st.", "incl.")):
                continue
            sentence = self.part(start, match.end()).strip()
            start = match.end()
            if sentence:
                yield sentence
        if last := self.part(start, len(self.text)).strip():
            yield last

    @classmethod
    def join(cls, first: Quote, last: Quote, text: str) -> Self:
        """From the start of ``first`` to the end of ``last`` in a document whose text is ``text``."""
        return cls(first.start, last.end, text[first.start : last.end])


@dataclass(frozen=True, slots=True)
class Document:
    """A document: where it was found, its text as read, and the SHA-256 of its bytes (hexadecimal)."""

    name: str
    text: str
    sha256: str

    @property
    def key(self) -> str:
        """A short name for the document that depends on its bytes alone."""
        return self.sha256[:16]

    def all(self) -> Quote:
        """The whole text as a quotation."""
        return Quote(0, len(self.text), self.text)

    def quote(self, start: int, end: int) -> Quote:
        """The quotation from character ``start`` to ``end``."""
        return Quote(start, end, self.text[start:end])


def read_document(name: str, data: bytes) -> Document:
    """A Document from the bytes of a file.

    Raises DocumentError when the bytes are empty, too many, or no text.
    """
    if len(data) > MAX_BYTES:
        limit = MAX_BYTES // 2**20
        raise DocumentError(
            "too-large", f"is {len(data) / 2**20:.0f} MB, over the limit of {limit} MB for one document"
        )
    text = shorten(clean(repair(decode(data))))
    if not text.strip():
        raise DocumentError("empty", "is empty")
    return Document(name, text, hashlib.sha256(data).hexdigest())
