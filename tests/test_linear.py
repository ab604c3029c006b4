"""No text of any length takes more than time in proportion: whole documents made of whatever keeps a pattern busy, and their doubles."""

from __future__ import annotations

import gc
import os
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.criteria.text import read_text
from kg.encoding import RUN, removed, shorten
from kg.mesh import builtin
from kg.trial import process
from tests_support import EXAMPLES

UNITS = [
    *" \n\t-a1A,.:;()[]<>&/*\"'=%#_|•≥é",
    "- \n", "-\n", " \n", "a ", "1 ", "1,", "1.", "a,", "a.", "a:", "a-", "1-", "Aa ", "a\n", "1\n", "* a\n", "1. a\n", "a: \n", "\n  ", "\n -",
    "< ", "<a", "<a ", "<a>", "</", "&a", "&#", "(a", "a)", "(1", "[a", "\"a", "a b, ", "one ", "or ", "and ", "no ", "not ", "of the ", "1 or ",
    "1 to ", "1 mg ", "mg ", "x 10", "1/1", "10^9/L ", "> 1 ", ">= 1, ", "< 2 x ULN ", "with ", "within 1 day ", "1 week before ", "and/or ",
    "if ", "Arm A: ", "Drug: a ", "NCT0", "EudraCT ", "2010-", "May 2010 ", "Phase 2 ", "20 mg/kg ", "every 2 ", "day 1-", "a; ", "a (", "1) ",
    "e.g. ", "\u00a0", "\r\n", "a  ", "1 000 ", "1,000,", "iv ", "cycle 1, ", "twice ", "a/b/", "a - ", "platelets ", "platelets > 1, ", "surgery ",
    "imatinib or ", "imatinib and surgery ", "No prior ", "18 years ", "months ", "Inclusion Criteria: ", "Exclusion Criteria:\n", "| a | b |\n", "|-", "# ", "Sex: ",
]  # fmt: skip
#: Characters of the smaller text; the long run takes the eligibility text of 1 MB that users were promised.
_SIZE = 500_000 if os.environ.get("TRIALKG_LONG") else 15_000


def _page(unit: str, size: int) -> bytes:
    """A page that is recognised, with the text in its eligibility, its description and its arms."""
    text = (EXAMPLES / "perioperative.txt").read_text(encoding="utf-8")
    filler = unit * (size // len(unit) + 1)
    for heading in ("Inclusion Criteria:", "Detailed Description"):
        if heading in text:
            text = text.replace(heading, f"{heading}\n{filler}\n", 1)
    return text.encode()


def _seconds(unit: str, size: int) -> tuple[float, float]:
    data, text = _page(unit, size), unit * (size // len(unit) + 1)
    gc.disable()  # what other tests left is not cleared away in this one's time
    try:
        begun = time.process_time()
        process("page.txt", data, builtin())
        middle = time.process_time()
        read_text(text, builtin())
        return middle - begun, time.process_time() - middle
    finally:
        gc.enable()


@pytest.mark.parametrize("unit", UNITS)
def test_twice_the_text_takes_twice_the_time(unit: str) -> None:
    small, large = _seconds(unit, _SIZE), _seconds(unit, 2 * _SIZE)
    for name, once, twice in zip(("document", "criteria"), small, large, strict=True):
        assert twice < 3 * once + 0.4, f"{name}: {once:.2f} s, twice as much {twice:.2f} s"
        assert twice < 0.4 + 60e-6 * 2 * _SIZE, f"{name}: {twice:.2f} s for {2 * _SIZE} characters"


@given(st.text(alphabet="a1 \n-.", max_size=2_000).map(lambda t: t * 3))
def test_runs_are_cut_and_offsets_lead_back(text: str) -> None:
    text = text.replace("a", "a" * 70)
    short, gone = shorten(text), removed(text)
    assert len(short) + (gone[-1][1] if gone else 0) == len(text)
    assert shorten(short) == short
    assert len(short) == len(text) or max(map(len, text.split() or [""])) > RUN or " " * RUN in text.replace("\n", " ")


def test_offsets_of_criteria_are_those_of_the_text_that_was_given() -> None:
    text = "Age: " + " " * 5_000 + "18 years or older" + "\n" + "-" * 3_000 + "\nPlatelets > 100,000/mm3"
    found = {
        one["variable"]: text[one["start"] : one["end"]] for one in read_text(text, builtin()) if one.get("variable")
    }
    assert found["PlateletCount"] == "Platelets > 100,000/mm3"
