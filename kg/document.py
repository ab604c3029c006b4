"""A document as read, and quotations from it.

Offsets everywhere in Trial KG count characters (Unicode code points) of :attr:`Document.text`, end exclusive.
"""

from __future__ import annotations

import codecs
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import msgspec

from kg.errors import DocumentError

#: The longest document that is read, in bytes. The longest ClinicalTrials.gov page seen is under 3 MB.
MAX_BYTES = 16 * 2**20

# C0 controls (but tab, line feed, carriage return) and DEL have no place in XML 1.0 or in a person's text.
# They become spaces one for one, so that offsets stay true to the document as read.
_CONTROLS = {c: " " for c in [*range(0x20), 0x7F] if c not in (0x09, 0x0A, 0x0D)}
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


def decode(data: bytes) -> str:
    """Text from bytes: UTF-8 or UTF-16 with a mark, else UTF-8, else Windows-1252.

    Raises DocumentError for bytes that are no text.
    """
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        try:
            return data.decode("utf-16")
        except UnicodeDecodeError as error:
            raise DocumentError("not-text", "starts like UTF-16 text but is not; save it as UTF-8") from error
    if b"\x00" in data[:65536]:
        raise DocumentError("not-text", "is a binary file, not a text; save the page as text")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("windows-1252", errors="replace")
    odd = sum(1 for c in text[:65536] if c == "\ufffd" or (ord(c) < 32 and c not in "\t\r\n\f"))
    if odd * 50 > len(text[:65536]):
        raise DocumentError("not-text", "is a binary file, not a text; save the page as text")
    return text


def read_document(name: str, data: bytes) -> Document:
    """A Document from the bytes of a file.

    Raises DocumentError when the bytes are empty, too many, or no text.
    """
    if len(data) > MAX_BYTES:
        limit = MAX_BYTES // 2**20
        raise DocumentError(
            "too-large", f"is {len(data) / 2**20:.0f} MB, over the limit of {limit} MB for one document"
        )
    text = decode(data).translate(_CONTROLS)
    if not text.strip():
        raise DocumentError("empty", "is empty")
    return Document(name, text, hashlib.sha256(data).hexdigest())
