"""Abbreviations that a text defines itself: "gastrointestinal stromal tumours (GIST)", "GIST (gastrointestinal stromal tumours)".

After Schwartz and Hearst, "A simple algorithm for identifying abbreviation definitions in biomedical text", PSB 2003: the letters of the
short form, taken from the right, are found in the words before the bracket, the first of them at the beginning of a word.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

_BRACKETED = re.compile(r"\(([^()\n]{2,80}+)\)")
_SHORT = re.compile(r"(?=[^\W\d_]*[A-Z])[A-Za-z0-9][\w./+-]{1,9}")
_WORD = re.compile(r"\S+")
#: No name begins with these.
_LITTLE = re.compile(r"(?:and|or|of|to|in|on|for|with|by|the|an?|from|at|is|are|be|not)\s", re.I)
_REACH = 120  # characters before a bracket in which the long form is looked for
_BREAK = re.compile(r"[.;:\n](?=\s|$)|[()\[\]]|\n")


def defined(text: str) -> dict[str, str]:
    """The short forms that a text defines, with their long forms; one that it defines in two ways is left out.

    >>> defined("Gastrointestinal stromal tumours (GIST) and AML (acute myeloid leukemia)")
    {'GIST': 'Gastrointestinal stromal tumours', 'AML': 'acute myeloid leukemia'}
    """
    found: dict[str, str] = {}
    several = set()
    for short, long in _pairs(text):
        if found.setdefault(short, long).casefold() != long.casefold():
            several.add(short)
    return {short: long for short, long in found.items() if short not in several}


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    for match in _BRACKETED.finditer(text):
        inside = match[1].strip()
        before = text[max(0, match.start() - _REACH) : match.start()].rstrip()
        before = before[max((b.end() for b in _BREAK.finditer(before)), default=0) :].strip()
        short = re.split(r"[,;]", inside, maxsplit=1)[0].strip()
        if _is_short(short):
            if long := _long(short, before):
                yield short, long
        elif (
            (words := before.rsplit(None, 1)) and _is_short(words[-1]) and (long := _long(words[-1], inside)) == inside
        ):
            yield words[-1], long


def _is_short(word: str) -> bool:
    return bool(_SHORT.fullmatch(word)) and sum(c.isalpha() for c in word) >= 2


def _long(short: str, before: str) -> str:
    """The end of a text that a short form abbreviates; "" when it abbreviates none."""
    letters = [c for c in short.casefold() if c.isalnum()]
    words = list(_WORD.finditer(before))[-min(len(letters) + 5, 2 * len(letters)) :]
    if not words:
        return ""
    least, place = words[0].start(), len(before)
    lowered = before.casefold()
    if len(lowered) != len(before):
        return ""
    for number in range(len(letters) - 1, -1, -1):
        place -= 1
        while place >= least and (
            lowered[place] != letters[number] or (number == 0 and place > 0 and lowered[place - 1].isalnum())
        ):
            place -= 1
        if place < least:
            return ""
    long = before[place:].strip(" -–,")
    if _LITTLE.match(long):
        return ""
    return long if len(long) > len(short) and short.casefold() not in long.casefold().split() else ""


def spelled_out(name: str, forms: Mapping[str, str]) -> str:
    """A name with the short forms in it replaced by the long ones; "" when there are none.

    >>> spelled_out("Recurrent GIST", {"GIST": "gastrointestinal stromal tumour"})
    'Recurrent gastrointestinal stromal tumour'
    """
    pieces = re.split(r"([\s,;()/]+)", name)
    made = "".join(forms.get(piece, piece) for piece in pieces)
    return made if made != name else ""
