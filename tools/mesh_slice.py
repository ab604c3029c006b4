"""Make ontology/mesh-slice.tsv from NLM's mesh.nt.gz: python tools/mesh_slice.py MESH.nt.gz

The slice holds facts only (identifiers, labels, terms, tree numbers, actions) of the concepts named in mesh_slice.txt,
of all that lies above them, and of what the drugs among them do.
"""

import sys
from collections import defaultdict
from pathlib import Path

from kg.mesh.nlm import _triples, read_nt

HERE = Path(__file__).resolve().parent


def main() -> None:
    source = Path(sys.argv[1])
    index = read_nt(source)
    by_label = {label.casefold(): identifier for identifier, label in index.labels.items()}
    wanted: set[str] = set()
    for line in (HERE / "mesh_slice.txt").read_text().splitlines():
        if name := line.split("#")[0].strip():
            owners = [by_label[name.casefold()]] if name.casefold() in by_label else index.find(name)
            if not owners:
                sys.exit(f"mesh_slice.txt: no MeSH concept is called {name!r}")
            wanted.add(owners[0])
    size = 0
    while size < len(
        wanted
    ):  # what lies above an ancestor in another tree comes along: the slice says all about its own
        size = len(wanted)
        wanted = {above for one in wanted for above in index.closure(one)}
    spelled: dict[str, list[str]] = defaultdict(list)
    terms: dict[str, list[str]] = defaultdict(list)
    owner: dict[str, str] = {}
    for subject, predicate, value in _triples(source):
        if predicate in ("preferredConcept", "concept") and subject in wanted:
            owner[value] = subject
        elif predicate in ("preferredTerm", "term") and subject in owner:
            terms[value].append(owner[subject])
        elif predicate in ("prefLabel", "altLabel"):
            for identifier in terms.get(subject, ()):
                spelled[identifier].append(value)
    lines = [
        "# MeSH 2024, U.S. National Library of Medicine: the part that the examples and the demo need. version: 2024\n"
    ]
    lines.append("# identifier, label, tree numbers, pharmacological actions, mapped to, terms\n")
    for one in sorted(wanted):
        synonyms = sorted(set(spelled[one]) - {index.labels[one]})
        row = (one, index.labels[one], " ".join(index.trees.get(one, ())), " ".join(index.actions.get(one, ())))
        lines.append("\t".join((*row, " ".join(index.mapped.get(one, ())), "|".join(synonyms))) + "\n")
    (HERE.parent / "ontology" / "mesh-slice.tsv").write_text("".join(lines), encoding="utf-8")
    print(len(wanted), "concepts")


if __name__ == "__main__":
    main()
