"""Units as documents write them, as UCUM codes (https://ucum.org/ucum), and conversion between them."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any

from kg import assets
from kg.language.number import plain, within

_ATOMS: dict[str, str] = assets.facts("units")["atoms"]
_ATOM = "|".join(re.escape(a).replace("\\ ", r"\s?") for a in sorted(_ATOMS, key=lambda a: (-len(a), a)))
_PER = r"(?:\s?/\s?|\s?per\s|[· .](?=(?:kg|m2|m²|min|d|day|h)\s?-\s?[12]))"
_EXPONENT = r"(?:\s?\^?\s?-\s?[12](?![\d.])|⁻¹)?"

#: Behind a unit: no letter or digit, but for words that were run into it ("50 cells/mm3or less").
_END = r"(?:(?![A-Za-z0-9])|(?=or (?:less|more|greater|higher|lower|above|below)\b))"

#: A unit where one may stand: after a number (white space between them allowed). "L" alone may stand for a litre.
UNIT = rf"(?:{_ATOM}){_END}{_EXPONENT}(?:{_PER}(?:{_ATOM}|1\.73\s?m(?:2|\^2|²)){_END})*"
#: A unit that is only a denominator: the ``/mm3`` of a count.
PER_UNIT = rf"(?:/\s?|per\s)(?:{_ATOM}|1\.73\s?m(?:2|\^2|²)){_END}(?:{_PER}(?:{_ATOM}){_END})*"

#: Molar concentrations, which case alone tells from lengths.
_MOLAR = {"mM": "mmol/L", "uM": "umol/L", "µM": "umol/L", "μM": "umol/L", "nM": "nmol/L"}
_SPLIT = re.compile(r"\s?/\s?|\s?\bper\b\s?|[·.]", re.I)


@cache
def _by_letters() -> dict[str, str]:
    return {re.sub(r"\s", "", atom.casefold()): code for atom, code in _ATOMS.items()}


@lru_cache(maxsize=16_384)
def ucum(text: str) -> str:
    """The UCUM code of a unit as written, or "" when it is none.

    >>> ucum("mg/dL"), ucum("/mm3"), ucum("cells per microliter"), ucum("MG/d"), ucum("mL/min/1.73 m2"), ucum("mmHg")
    ('mg/dL', '/mm3', '/uL', 'mg/d', 'mL/min/{1.73_m2}', 'mm[Hg]')
    """
    if text.strip() in _MOLAR:
        return _MOLAR[text.strip()]
    if whole := _by_letters().get(re.sub(r"\s", "", text.casefold())):
        return whole  # "y/o" is no fraction
    codes: list[str] = []
    cleaned = re.sub(r"1\.73\s?m(?:2|\^2|²)", "173m2", text.strip())
    for part in _SPLIT.split(cleaned):
        letters = re.sub(r"\s", "", part.casefold())
        if letters == "173m2":
            codes.append("{1.73_m2}")
        elif not letters:
            codes.append("")
        elif code := _by_letters().get(letters):
            codes.append(code)
        else:
            return ""
    if codes and codes[0] == "{cells}" and len(codes) > 1:
        codes[0] = ""
    return "/".join(codes) if any(codes) else ""


@cache
def _registry() -> Any:
    from ucumvert import PintUcumRegistry  # half a second to import: only when something is converted

    return PintUcumRegistry()


@lru_cache(maxsize=16_384)
def _factor(unit: str, target: str) -> tuple[Decimal, Decimal] | None:
    """``target = unit * factor + offset``, or None when the two do not measure the same."""
    registry = _registry()
    try:
        source, goal = registry.from_ucum(unit), registry.from_ucum(target)
        if unit in ("Cel", "[degF]") or target in ("Cel", "[degF]"):
            zero, one = (registry.Quantity(x, source.units).to(goal.units).magnitude for x in (0.0, 1.0))
            return _decimal(one - zero), _decimal(zero)
        return _decimal(source.to(goal).magnitude / goal.magnitude), Decimal(0)
    except Exception:  # the library raises many kinds for units that do not fit together
        return None


def _decimal(number: float) -> Decimal:
    return plain(Decimal(f"{number:.10g}"))


def convert(value: Decimal, unit: str, target: str, molar_mass: Decimal | None = None) -> Decimal | None:
    """``value`` of ``unit`` in ``target`` (both UCUM), to ten digits; None when they do not measure the same, or
    when the result is beyond all sense (:func:`~kg.language.number.within`).

    ``molar_mass`` in g/mol leads from moles to grams. International units of an enzyme count as units.

    >>> convert(Decimal(100), "10*9/L", "/uL"), convert(Decimal("1.5"), "g/dL", "g/L"), convert(Decimal(1), "kg", "m")
    (Decimal('100000'), Decimal('15'), None)
    """
    if unit == target:
        return value
    if molar_mass and "mol" in unit and "mol" not in target:
        grams = convert(value, unit.replace("mol", "g", 1), target)
        return None if grams is None else within(_decimal(float(grams * molar_mass)))
    if unit.replace("[IU]", "U") == target.replace("[IU]", "U"):
        return value
    if not unit or not target or "{" in unit.replace("{1.73_m2}", "") or "{" in target.replace("{1.73_m2}", ""):
        return None
    found = _factor(unit.replace("[HPF]", "1"), target.replace("[HPF]", "1"))
    return None if found is None else within(_decimal(float(value * found[0] + found[1])))
