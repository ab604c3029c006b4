"""How many doses, frequencies and routes are read right in 200 interventions drawn by lot from the records at hand.

usage: doses.py FOLDER_OF_ARCHIVES [-v]

``doses.json`` says for each what its record was seen to say when it was read by a person: dose with UCUM unit, how often,
which way in ("" where it says nothing). The sentences themselves stay in the records.
"""

from __future__ import annotations

import json
import sys
import zipfile
from pathlib import Path

from kg.document import read_document
from kg.mesh import builtin
from kg.trial import understand


def given(data: bytes, name: str, intervention: str) -> set[tuple[str, str, str]]:
    """The doses, frequencies and routes that a record's graph has for one intervention."""
    record, _ = understand(read_document(name, data), builtin())
    treatments = [t for a in record.has_arm for t in a.has_treatment] + record.has_unassigned_treatment
    return {
        (f"{t.dose_value if t.dose_value is not None else ''} {t.dose_unit}".strip(), t.frequency, t.route)
        for t in treatments
        if t.of_intervention == intervention
    }


def main() -> None:
    rows = json.loads((Path(__file__).parent / "doses.json").read_text(encoding="utf-8"))
    right = dict.fromkeys(("dose", "frequency", "route", "all three"), 0)
    for row in rows:
        with zipfile.ZipFile(Path(sys.argv[1]) / row["archive"]) as archive:
            name = next(n for n in archive.namelist() if n.endswith(f"{row['trial']}.xml"))
            got = given(archive.read(name), name, row["intervention"])
        want = {tuple(one) for one in row["given"]}
        for place, kind in enumerate(("dose", "frequency", "route")):
            right[kind] += {g[place] for g in got} == {w[place] for w in want}
        right["all three"] += got == want
        if "-v" in sys.argv and got != want:
            print(row["trial"], row["intervention"], "WANT", sorted(want), "GOT", sorted(got))
    for kind, count in right.items():
        print(f"{kind:10} right in {count} of {len(rows)} ({count / len(rows):.1%})")


if __name__ == "__main__":
    main()
