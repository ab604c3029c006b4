"""Two hundred oncology criteria in the project's own words, read by eye: what they say and what is found."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

from kg import terms
from kg.criteria.text import read_text
from kg.mesh import MeshIndex, builtin

GOLD = Path(__file__).parent / "oncology" / "criteria.tsv"
SIGNS = {"Required": "+", "Forbidden": "-", "Allowed": "~"}


def said(one: dict[str, Any], index: MeshIndex) -> str:
    """A constraint in the notation of the list."""
    parts = [SIGNS[one["modality"]]]
    if one.get("value"):
        known = one.get("variable") in terms.scheme("VariableScheme")
        value = one.get("canonicalValue") or " ".join(filter(None, (one["value"], one.get("unit"))))
        parts += [one["variable"] if known else "()", one["comparator"], value]
        if one.get("relativeTo"):
            parts.append("x" + one["relativeTo"])
    else:
        parts += [one["kind"], "/".join(index.labels[i] for i in one.get("concept", ())) or "()"]
        for name, word in (("minimumTimeSince", "after"), ("maximumTimeSince", "within")):
            parts += [word, one[name]] if one.get(name) else []
        parts += ["but", "/".join(index.labels[i] for i in one["exception"])] if one.get("exception") else []
    return " ".join([*parts, "if"] if one.get("appliesWhen") else parts)


def gold() -> dict[str, Counter[str]]:
    rows = [line.split("\t") for line in GOLD.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    return {text: Counter(re.sub(r"\([^()]*\)", "()", w) for w in wanted.split("; ") if w) for text, wanted in rows}


def test_two_hundred_criteria() -> None:
    index, wanted = builtin(), gold()
    assert len(wanted) == 200
    right = found = told = 0
    wrong: list[str] = []
    for text, expected in wanted.items():
        made = Counter(said(one, index) for one in read_text(text, index))
        right += sum((made & expected).values())
        found += sum(made.values())
        told += sum(expected.values())
        if made != expected:
            wrong.append(f"{text}: extra {sorted(made - expected)}, missing {sorted(expected - made)}")
    precision, recall = right / found, right / told
    score = 2 * precision * recall / (precision + recall)
    print(f"P {precision:.3f} R {recall:.3f} F1 {score:.3f} on {told} constraints", *wrong, sep="\n")
    assert score >= 0.95
