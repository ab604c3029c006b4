"""How many of the values of real studies can be found in the graph made of them.

usage: leaves.py STUDIES.jsonl.gz [EVERY_NTH] [-v]

Every value of the protocol and derived sections counts, but those that are left out on purpose (see ``LEFT_OUT``). A value is
found when the graph has it as a literal (white space apart), as the code or the date that it stands for, or in an IRI.
"""

from __future__ import annotations

import gzip
import re
import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any

import orjson
import pyoxigraph as ox

from kg import terms
from kg.encoding import clean, repair
from kg.language import date
from kg.mesh import builtin
from kg.mesh.nlm import canonical
from kg.read.fields import years
from kg.trial import process

#: Paths that are left out, with the reason.
LEFT_OUT = {
    r"contacts\[\]\.": "people's telephone numbers and addresses are left out; names of contacts go with them",
    r"centralContacts": "people's telephone numbers and addresses are left out; names of contacts go with them",
    r"browseLeaves|browseBranches": "the site's own browsing tree, made of the MeSH terms that are kept",
    r"modelPredictions": "a guess of the site's about the body mass index",
    r"submissionTracking": "the traffic between sponsor and registry before results are posted",
    r"ancestors\[\]\.term": "labels of MeSH, which the graph has from MeSH itself",
    r"expandedAccessTypes": "kept as the name of the type, not as true",
    r"studyType$": "kept as the code of the study type",
}
_HEADINGS = set("inclusion exclusion criteria key main".split())
_SCHEMES = (
    "StatusScheme StudyTypeScheme PhaseScheme AllocationScheme ModelScheme MaskingScheme PurposeScheme SexScheme "
    "EnrollmentTypeScheme ArmTypeScheme MaskedRoleScheme TimePerspectiveScheme SamplingScheme StandardAgeScheme "
    "OrganizationClassScheme IpdSharingScheme"
).split()


def leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Path and value of everything that is no object and no list."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves(inner, f"{path}.{name}")
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner, f"{path}[]")
    else:
        yield path, value


def _plain(text: str) -> str:
    return " ".join(re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", clean(repair(text))).split()).casefold()


def found(path: str, value: Any, literals: set[str], names: set[str]) -> bool:
    """Whether a value is among the literals (plain) and the last parts of IRIs of a trial's graph."""
    if isinstance(value, bool):
        return str(value).lower() in literals
    text = _plain(str(value))
    if text in literals or text in names or not text:
        return True
    if path.endswith(".id") and canonical(str(value)) in names:
        return True
    words = str(value).replace("_", " ")
    codes = {terms.code(scheme, words) for scheme in _SCHEMES} | {
        terms.code("PhaseScheme", words.replace("PHASE", "Phase "))
    }
    if codes & names or words.title().casefold() in literals:
        return True
    if (day := date.parse(str(value))) and day.value in literals:
        return True
    if isinstance(value, (int, float)):
        return any(_number(one) == float(value) for one in literals)
    if age := re.fullmatch(r"(\d+) (Year|Month|Week|Day|Hour|Minute)s?", str(value)):
        return f"{years(age[1], age[2]):f}" in literals
    if path.endswith("eligibilityCriteria"):  # kept as its criteria
        written = set(re.findall(r"\w+", " ".join(literals)))
        return set(re.findall(r"\w+", text)) - _HEADINGS <= written
    if path.endswith("interventions[].type"):
        return str(value).replace("_", "").casefold() in {n.casefold().removesuffix("intervention") for n in names}
    if re.fullmatch(r"[A-Z][A-Za-z_ ]+: .*", str(value)):  # "Drug: placebo" is the placebo, a drug
        return _plain(str(value).split(": ", 1)[1]) in literals
    return value in ("YES", "NO") and {"true", "false"} & literals != set()


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def main() -> None:
    every = int(sys.argv[2]) if len(sys.argv) > 2 and sys.argv[2].isdigit() else 1
    index = builtin()
    counts: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    with gzip.open(sys.argv[1]) as file:
        for number, line in enumerate(file):
            if number % every:
                continue
            study = orjson.loads(line)
            outcome = process(f"{number}", line, index)
            if outcome.finding:
                counts["set aside"] += 1
                print("set aside:", outcome.finding.message)
                continue
            counts["studies"] += 1
            literals: set[str] = set()
            names: set[str] = set()
            for quad in ox.parse("\n".join(outcome.own + outcome.common).encode(), format=ox.RdfFormat.N_TRIPLES):
                if isinstance(quad.object, ox.Literal):
                    literals.add(_plain(quad.object.value))
                elif isinstance(quad.object, ox.NamedNode):
                    names.add(quad.object.value.rsplit("/", 1)[-1].rsplit("#", 1)[-1])
            for section in ("protocolSection", "derivedSection"):
                for path, value in leaves(study.get(section, {}), section):
                    if any(re.search(pattern, path) for pattern in LEFT_OUT):
                        counts["left out"] += 1
                    elif found(path, value, literals, names):
                        counts["found"] += 1
                    else:
                        counts["missed"] += 1
                        missed[path] += 1
                        if "-v" in sys.argv and missed[path] <= 3:
                            print("MISSED", path, repr(value)[:160])
    for path, count in missed.most_common(40):
        print(f"missed {count:6} {path}")
    share = counts["found"] / max(1, counts["found"] + counts["missed"])
    print(
        f"found {share:.4f} of {counts['found'] + counts['missed']} values in {counts['studies']} studies; {counts['left out']} left out on purpose"
    )


if __name__ == "__main__":
    main()
