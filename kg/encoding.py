"""Bytes as text: which encoding they are in, and what a wrong one left behind made good.

Offsets count characters of the text that comes out of here, so everything that changes a length happens here.
"""

from __future__ import annotations

import codecs
import re
from functools import cache

from kg.errors import DocumentError

_BINARY = "is a binary file, not a text; save the page as text"
#: An HTML or XML page names its encoding near its beginning (HTML standard, 13.2.3.2 "prescan a byte stream").
_DECLARED = re.compile(
    rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w.:-]{2,40})|<\?xml[^>]{0,100}?encoding=["']([\w.:-]{2,40})""", re.I
)

# C0 controls (but tab, line feed, carriage return) and DEL have no place in XML 1.0 or in a person's text: spaces.
_CLEAN: dict[int, str | None] = {c: " " for c in [*range(0x20), 0x7F] if c not in (0x09, 0x0A, 0x0D)}
_CLEAN |= {0xFFFE: " ", 0xFFFF: " "}
# Soft hyphens and characters without width part words that are whole.
_CLEAN |= dict.fromkeys((0xAD, 0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF))
# Full-width forms are the ASCII characters at a distance; ligatures of typesetting are the letters that they join.
_CLEAN |= {c: chr(c - 0xFEE0) for c in range(0xFF01, 0xFF5F)} | {0x3000: " ", 0x2266: "≤", 0x2267: "≥"}
_CLEAN |= dict(zip(range(0xFB00, 0xFB07), ("ff", "fi", "fl", "ffi", "ffl", "st", "st"), strict=True))
_CLEANED = re.compile("[" + re.escape("".join(map(chr, _CLEAN))) + "]")


def _as_windows(byte: int) -> str:
    try:
        return bytes([byte]).decode("windows-1252")
    except UnicodeDecodeError:  # five bytes have no character there
        return chr(byte)


@cache
def _twice() -> tuple[re.Pattern[str], dict[str, int]]:
    """UTF-8 that was taken for Windows-1252 (or Latin-1) and encoded again: the runs of characters that it shows as."""
    byte_of = {_as_windows(b): b for b in range(0x80, 0x100)} | {chr(b): b for b in range(0x80, 0x100)}

    def some(first: int, last: int) -> str:
        return "[" + re.escape("".join(sorted(c for c, b in byte_of.items() if first <= b <= last))) + "]"

    tail = some(0x80, 0xBF)
    runs = (f"{some(0xC2, 0xDF)}{tail}", f"{some(0xE0, 0xEF)}{tail}{{2}}", f"{some(0xF0, 0xF4)}{tail}{{3}}")
    return re.compile("|".join(runs)), byte_of


def repair(text: str) -> str:
    """The text with double-encoded characters made whole ("â‰¥ 18" is "≥ 18"), at most three encodings deep."""
    pattern, byte_of = _twice()

    def whole(match: re.Match[str]) -> str:
        try:
            return bytes(byte_of[c] for c in match.group()).decode("utf-8")
        except UnicodeDecodeError:
            return match.group()

    for _ in range(3):
        better = pattern.sub(whole, text)
        if better == text:
            break
        text = better
    return text


def clean(text: str) -> str:
    """The text without controls, soft hyphens, full-width forms and ligatures."""
    return text.translate(_CLEAN) if _CLEANED.search(text) else text


#: Longer runs of blanks, of letters and digits, or of signs are cut to this length: no word or number is longer, and what searches
#: for the end of a run takes time that grows with its square.
RUN = 100
_RUN = re.compile(rf"(\s{{{RUN}}})\s++|(\w{{{RUN}}})\w++|([^\w\s]{{{RUN}}})[^\w\s]++")


def shorten(text: str) -> str:
    """The text with runs of one kind of character cut to :data:`RUN`; most texts have no such run and come back as they are."""
    return _RUN.sub(lambda match: match[match.lastindex or 0], text)


def removed(text: str) -> list[tuple[int, int]]:
    """Where :func:`shorten` takes something out: the place in the shortened text, and how much has been taken out up to there."""
    found, total = [], 0
    for match in _RUN.finditer(text):
        kept = match.start() + len(match[match.lastindex or 0]) - total
        total += len(match.group()) - len(match[match.lastindex or 0])
        found.append((kept, total))
    return found


def _wide(data: bytes) -> str | None:
    """UTF-16 without a mark: in a text of Latin letters, every other byte is null."""
    head = data[:4096]
    pairs = len(head) // 2
    if pairs < 8:
        return None
    for name, nulls in (("utf-16-le", head[1::2]), ("utf-16-be", head[0::2])):
        if nulls.count(0) > 0.7 * pairs and head.count(0) <= pairs:
            try:
                return data.decode(name)
            except UnicodeDecodeError:
                return None
    return None


def decode(data: bytes) -> str:
    """Text from bytes: UTF-8 or UTF-16 with a mark, else UTF-8, else what the page itself declares, else Windows-1252.

    Raises DocumentError for bytes that are no text.
    """
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        try:
            return data.decode("utf-16")
        except UnicodeDecodeError as error:
            raise DocumentError("not-text", "starts like UTF-16 text but is not; save it as UTF-8") from error
    if b"\x00" in data[:65536]:
        if (text := _wide(data)) is not None:
            return text
        raise DocumentError("not-text", _BINARY)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = _declared(data) or data.decode("windows-1252", errors="replace")
    odd = sum(1 for c in text[:65536] if c == "\ufffd" or (ord(c) < 32 and c not in "\t\r\n\f"))
    if odd * 50 > len(text[:65536]):
        raise DocumentError("not-text", _BINARY)
    return text


def _declared(data: bytes) -> str | None:
    """The bytes in the encoding that an HTML or XML page names, unless they are not in it."""
    match = _DECLARED.search(data[:4096])
    if not match:
        return None
    name = (match[1] or match[2]).decode("ascii").lower()
    name = "windows-1252" if name in ("iso-8859-1", "latin1", "us-ascii", "ascii") else name  # as browsers do
    try:
        if not codecs.lookup(name)._is_text_encoding:
            return None
        return data.decode(name)
    except (LookupError, UnicodeDecodeError):
        return None
