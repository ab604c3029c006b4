"""Every numeric answer of Facebook's Clinical-Trial-Parser beside ours: facebook.py FOLDER [-v]

FOLDER holds its published output (``cfg_parsed_clinical_trials.tsv``). A peer's answer is one row; an exclusion is given there as what
must hold instead, and is turned back. The verdicts in ``facebook.json`` were made by reading each row: which of the two is right.
"""

from __future__ import annotations

import csv
import json
import sys
from collections import Counter
from pathlib import Path

from kg.criteria.text import read_text
from kg.mesh import builtin

_FLIP = {"ge": "lt", "gt": "le", "le": "gt", "lt": "ge"}


def peer(relation: dict[str, object], exclusion: bool) -> list[str]:
    """The bounds of a peer's answer."""
    found = []
    for side, inclusive, strict in (("lower", "ge", "gt"), ("upper", "le", "lt")):
        bound = relation.get(side)
        if isinstance(bound, dict):
            sign = inclusive if bound.get("incl") else strict
            found.append(f"{_FLIP[sign] if exclusion else sign} {bound['value']}")
    values = relation.get("value")
    return [
        f"{relation.get('name')} {one}{' ' + str(relation['unit']) if relation.get('unit') else ''}"
        for one in found or [f"eq {values}"]
    ]


def main() -> None:
    if len(sys.argv) < 2:
        sys.exit("usage: facebook.py FOLDER [-v]")
    folder = Path(sys.argv[1])
    index = builtin()
    verdicts = json.loads(Path(__file__).with_suffix(".json").read_text())
    counts: Counter[str] = Counter()
    with (folder / "cfg_parsed_clinical_trials.tsv").open(encoding="utf-8") as file:
        rows = [
            r for r in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE) if r["variable_type"] == "numerical"
        ]
    for number, row in enumerate(rows):
        theirs = peer(json.loads(row["relation"]), row["eligibility_type"] == "exclusion")
        ours = [
            f"{one.get('variable') or one.get('conceptLabel')} {one['comparator']} {one['value']} {one.get('unit', '')}{one.get('relativeTo', '')}"
            for one in read_text(row["criterion"], index)
            if one.get("value")
        ]
        verdict = verdicts.get(f"{row['#nct_id']}/{row['criterion_index']}/{number}", "not read")
        counts[verdict] += 1
        if "-v" in sys.argv:
            print(
                f"{row['#nct_id']}/{row['criterion_index']}/{number} [{verdict}] {row['eligibility_type'][:2]}: {row['criterion']}\n    theirs {theirs}\n    ours   {ours}"
            )
    print(f"{len(rows)} numeric answers: {dict(counts)}")


if __name__ == "__main__":
    main()
