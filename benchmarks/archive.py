"""How well archive pages of ClinicalTrials.gov are read: each against the registry's own upload of the same trial and day.

usage: archive.py ARCHIVE_PAGES.zip [-v]

Prints, for every field, how many of the values that the upload gives the page's record gives too, and how many it gives
beside. An outcome counts by measure and time frame, an intervention by kind and name, a criterion by the words of its line.
"""

from __future__ import annotations

import re
import sys
import zipfile
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

from lxml import etree

from kg import terms
from kg.document import read_document
from kg.mesh import builtin
from kg.read.ctgov import TYPES
from kg.trial import understand

_HEADING = re.compile(r"(?:(?:key |main )?(?:inclusion|exclusion) criteria\b.{0,40}|criteria)\W*$", re.I)
_LINE = re.compile(r"\n(?=\s*(?:[•·*-]|\d{1,2}[.)])\s)|\n\s*\n")

_HEADED = re.compile(r"\b(?:inclusion|exclusion) criteria:?", re.I)
_MARK = re.compile(r"^\s*(?:[•·*-]+|\(?\d{1,2}[.)]|[a-zA-Z][.)])\s*")
#: The registry's first names of two types.
_OLD_TYPES = {"Procedure/Surgery": "Procedure", "Biological/Vaccine": "Biological", "Gene Transfer": "Genetic"}


def _norm(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", " ", text.lower()).strip()


def _years(text: str) -> Decimal | None:
    match = re.match(r"(\d+) (Year|Month|Week|Day)", text)
    per = {"Year": 1, "Month": 12, "Week": Decimal("52.1786"), "Day": Decimal("365.25")}
    return round(Decimal(match[1]) / per[match[2]], 2) if match else None


def expected(root: Any) -> dict[str, set[Any]]:
    """What the upload says, field by field."""

    def all_at(path: str) -> list[str]:
        return [t for e in root.iterfind(path) if (t := " ".join("".join(e.itertext()).split()))]

    criteria = "".join(root.xpath("string(eligibility/criteria/textblock)"))
    lines = [line for line in _LINE.split(criteria) if _norm(line) and not _HEADING.fullmatch(line.strip(" \t\n•*-"))]
    lines = [_HEADED.sub("", _MARK.sub("", line)) for line in lines]
    return {
        "title": {_norm(t) for t in all_at("brief_title")},
        "status": {terms.code("StatusScheme", t) for t in all_at("status_block/status")} - {""},
        "phase": {terms.code("PhaseScheme", p) for t in all_at("phase_block/phase") for p in t.split("/")}
        - {"", "PhaseNotApplicable"},
        "conditions": {_norm(t) for t in all_at("condition")},
        "interventions": {
            ((TYPES | _OLD_TYPES).get(kind, "OtherIntervention"), _norm(name))
            for e in root.iterfind("intervention")
            if (name := "".join(e.xpath("string(primary_name)"))).strip()
            and (kind := e.xpath("normalize-space(intervent_type)"))
        },
        "arms": {_norm(t) for t in all_at("arm_group/arm_group_label")},
        "outcomes": {
            (tag, measure, _norm(e.xpath("string(time_frame)")))
            for tag in ("primary_outcome", "secondary_outcome", "other_outcome")
            for e in root.iterfind(tag)
            if (measure := _norm(e.xpath("string(measure)") or e.text or ""))
        },
        "minimum age": {a for t in all_at("eligibility/minimum_age") if (a := _years(t)) is not None},
        "maximum age": {a for t in all_at("eligibility/maximum_age") if (a := _years(t)) is not None},
        "sex": {terms.code("SexScheme", t) for t in all_at("eligibility/gender")} - {""},
        "criteria": {_norm(line) for line in lines},
    }


def found(data: bytes, name: str) -> dict[str, set[Any]]:
    """What the page's record says."""
    record, _ = understand(read_document(name, data), builtin())
    kinds = {
        "PrimaryOutcome": "primary_outcome",
        "SecondaryOutcome": "secondary_outcome",
        "OtherOutcome": "other_outcome",
    }
    return {
        "title": {_norm(record.title)},
        "status": {record.overall_status} - {""},
        "phase": set(record.phase) - {"PhaseNotApplicable"},
        "conditions": {_norm(c.label) for c in record.has_condition},
        "interventions": {(i.kind, _norm(i.name)) for i in record.has_intervention},
        "arms": {_norm(a.label) for a in record.has_arm if not a.inferred},
        "outcomes": {(kinds[o.type[0]], _norm(o.label), _norm(o.time_frame)) for o in record.has_outcome},
        "minimum age": {round(record.minimum_age, 2)} if record.minimum_age is not None else set(),
        "maximum age": {round(record.maximum_age, 2)} if record.maximum_age is not None else set(),
        "sex": {record.sex} - {""},
        "criteria": {_norm(c.text) for c in record.has_criterion},
    }


def main() -> None:
    archive = zipfile.ZipFile(Path(sys.argv[1]))
    names = set(archive.namelist())
    score: dict[str, Counter[str]] = {}
    pages = 0
    for name in sorted(n for n in names if n.endswith(".html")):
        upload = name.removesuffix(".html") + ".xml"
        if upload not in names:
            continue
        root = etree.fromstring(archive.read(upload), etree.XMLParser(resolve_entities=False, no_network=True))
        want, have = expected(root), found(archive.read(name), name)
        pages += 1
        for field, values in want.items():
            got = have[field]
            if field == "criteria":  # an item may hold the words of two lines, and a line those of two items
                words, lines = set(" ".join(got).split()), set(" ".join(values).split())
                hits = {v for v in values if words.issuperset(w for w in v.split() if not re.fullmatch(r"\d|[a-z]", w))}
                extra = {g for g in got if not lines.issuperset(g.split())}
            else:
                hits, extra = values & got, got - values
            count = score.setdefault(field, Counter())
            count["hit"] += len(hits)
            count["missed"] += len(values - hits)
            count["extra"] += len(extra)
            if "-v" in sys.argv and (values - hits or extra):
                print(name, field, "MISSED", values - hits, "EXTRA", extra)
    for field, count in score.items():
        agree = count["hit"] / max(1, count.total())
        print(f"{field:15} agree {agree:.3f}  ({count['hit']} both, {count['missed']} missed, {count['extra']} extra)")
    print(f"{pages} pages")


if __name__ == "__main__":
    main()
