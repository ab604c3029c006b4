"""Terms as they stand on a page: what is shown, and where it leads."""

from __future__ import annotations

from typing import NamedTuple

from kg import iri, terms
from kg.answers import short
from kg.graphs import Term
from kg.mesh import MeshIndex


class Cell(NamedTuple):
    """What a table shows of a term: its text, a link ("" for none) and what the term is in full."""

    text: str
    href: str = ""
    title: str = ""
    is_number: bool = False


def path_of(node: str) -> str:
    """Where a node is to be found on this server; "" for one that is not of the project or MeSH, or has no page."""
    if node.startswith(iri.TK):
        return ""
    if node.startswith(iri.BASE):
        return "/" + node.removeprefix(iri.BASE)
    if node.startswith(iri.MESH) and "#" not in node:
        return "/concept/" + node.removeprefix(iri.MESH)
    return ""


def cell(term: Term | Cell | None, index: MeshIndex | None = None) -> Cell:
    """A term as a cell of a table; concepts of MeSH by their names where an index is given."""
    if isinstance(term, Cell):
        return term
    if term is None:
        return Cell("")
    if term.kind != "uri":
        number = term.datatype.rsplit("#", 1)[-1] in ("integer", "decimal", "double", "float")
        return Cell(term.value, is_number=number)
    if term.value.startswith(iri.TK):
        name = term.value.removeprefix(iri.TK)
        return Cell(terms.label(name), title=term.value)
    name = short(term)
    if index and name in index.labels:
        name = f"{index.labels[name]} ({name})"
    return Cell(name, path_of(term.value), term.value)
