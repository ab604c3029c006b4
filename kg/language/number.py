"""Numbers as people write them: ``1,500``, ``100 x 10^9``, ``one and a half``, ``eighteen``."""

from __future__ import annotations

import re
from decimal import Decimal

from kg import assets

_FACTS = assets.facts("numbers")
_UNITS: dict[str, int] = _FACTS["units"]
_TENS: dict[str, int] = _FACTS["tens"]
_TIMES: dict[str, int] = _FACTS["times"]

#: "1,2 or 3" is a list; "1,2" alone is a number with the comma of European records.
_LISTED = r"(?!(?:0,1|1,2|2,3|3,4|4,5)(?:,\d)?\s?,?\s(?:or|and|to)\s\d(?![\d.,]\d))"
_DIGITS = rf"\d{{1,3}}(?:,\d{{3}}){{1,9}}(?:\.\d+)?|{_LISTED}\d+,\d{{1,2}}(?![\d,])|\d+(?:[.·]\d+)?|[.·]\d+"
_POWER = r"(?:\s?[x×X*•∙]\s?10\s?(?:\^|\*\*|\*|e|E)?\s?[⁰¹²³⁴⁵⁶⁷⁸⁹\d]{1,2}|\s10(?:3|6|9|12)(?=\s?/\s?[lL]\b))"
_WORDS = (
    rf"(?:(?:{'|'.join(_TENS)})(?:[- ](?:{'|'.join(list(_UNITS)[1:10])}))?|{'|'.join(sorted(_UNITS, key=len, reverse=True))})"
    r"(?:\s+and\s+(?:a|one)\s+half)?"
)

#: A number in digits, or in digits times a power of ten.
DIGITS = rf"(?:10\s?\^\s?\d{{1,2}}(?!\d)|(?:{_DIGITS})(?:{_POWER})?)"
#: A number in digits or in words.
NUMBER = (
    rf"(?:{DIGITS}|(?<![A-Za-z-])(?:{_WORDS})(?![A-Za-z])"
    rf"|(?<![A-Za-z-])(?:{'|'.join(_TIMES)})(?=\s+(?:the\s+)?(?:upper|ULN|UNL|institution|laborator|local|normal|lower|LLN)))"
)

_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
_POWER_PARTS = re.compile(rf"({_DIGITS})\s?[x×X*•∙ ]\s?10\s?(?:\^|\*\*|\*|e|E)?\s?(\d{{1,2}})")
_PLAIN_POWER = re.compile(r"10\s?\^\s?(\d{1,2})")
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")


def _digits(text: str) -> Decimal:
    text = text.replace("·", ".")
    if _THOUSANDS.fullmatch(text):
        text = text.replace(",", "")
    return Decimal(text.replace(",", "."))


def power(text: str) -> Decimal:
    """The power of ten that a number is written with; 1 for one without.

    >>> str(power("20 x 10^9")), str(power("20"))
    ('1000000000', '1')
    """
    match = _POWER_PARTS.fullmatch(text.strip().translate(_SUPERSCRIPTS))
    return Decimal(10 ** int(match[2])) if match else Decimal(1)


def parse(text: str) -> Decimal | None:
    """The value of a number as written; None when ``text`` is no number.

    >>> [str(parse(t)) for t in ("1,500", "100 x 10^9", "one and a half", "twenty-five", "2.5", "imatinib")]
    ['1500', '100000000000', '1.5', '25', '2.5', 'None']
    """
    text = text.strip().translate(_SUPERSCRIPTS)
    if match := _POWER_PARTS.fullmatch(text):
        return within(plain(_digits(match[1]) * 10 ** int(match[2])))
    if match := _PLAIN_POWER.fullmatch(text):
        return within(Decimal(10 ** int(match[1])))
    if re.fullmatch(_DIGITS, text):
        return within(_digits(text))
    if text.lower() in _TIMES:
        return Decimal(_TIMES[text.lower()])
    half = Decimal(0)
    words = re.split(r"[\s-]+", text.lower())
    if words[-3:] in (["and", "a", "half"], ["and", "one", "half"]):
        words, half = words[:-3], Decimal("0.5")
    total = Decimal(0)
    for word in words:
        if word in _TENS:
            total += _TENS[word]
        elif word in _UNITS:
            total += _UNITS[word]
        else:
            return None
    return total + half if words else None


def within(value: Decimal) -> Decimal | None:
    """The number, or None for one that no trial means: beyond 10^27, or so small that it cannot be an ``xsd:decimal``
    (which has no exponent) as Python writes it.

    >>> within(Decimal("1E-9")), within(Decimal("0.000001"))
    (None, Decimal('0.000001'))
    """
    return value if not value or -6 <= value.adjusted() < 27 else None


def plain(value: Decimal) -> Decimal:
    """The same number without an exponent and without trailing zeros.

    >>> str(plain(Decimal("1.50"))), str(plain(Decimal("1E+3")))
    ('1.5', '1000')
    """
    value = value.normalize()
    return value.quantize(Decimal(1)) if value == value.to_integral_value() and value.adjusted() < 27 else value
