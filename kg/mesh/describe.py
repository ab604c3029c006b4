"""One concept of MeSH for people: what it is called, where it stands, what it does."""

from __future__ import annotations

from kg.errors import UsageError
from kg.mesh.index import MeshIndex
from kg.mesh.nlm import canonical


def describe(identifier: str, index: MeshIndex) -> list[tuple[str, str]]:
    """Label, kind, tree numbers with what stands above, actions and headings of a concept, a line each.

    Raises UsageError when there is no such concept in the index.
    """
    found = canonical(identifier.strip().removeprefix("mesh:")) or identifier.strip()
    if found not in index.labels:
        raise UsageError(
            f"{identifier}: is no identifier of MeSH {index.version}; find one with: trialkg mesh find TEXT"
        )
    lines = [("identifier", found), ("label", index.labels[found])]
    lines.append(("kind", "descriptor" if found.startswith("D") else "supplementary record"))
    for number in index.trees.get(found, ()):
        above = [index.labels[one] for one in reversed(index.way(number)) if one != found]
        lines.append(("tree", " < ".join([number, *above])))
    lines += [("filed under", f"{one} {index.labels.get(one, one)}") for one in index.mapped.get(found, ())]
    lines += [("does", f"{one} {index.labels.get(one, one)}") for one in index.actions.get(found, ())]
    names = sorted(term for term, owners in index.terms.items() if found in owners)
    return [*lines, *(("called", name) for name in names)]
