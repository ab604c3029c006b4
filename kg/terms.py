"""The ontology's own words: code lists and variables, by the ways in which documents write them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache

import pyoxigraph as ox

from kg import assets
from kg.iri import TK

_SKOS = "http://www.w3.org/2004/02/skos/core#"
#: How people write the comparators of the ontology.
SIGNS = {"lt": "<", "le": "≤", "eq": "=", "ge": "≥", "gt": ">"}
_NOT_WORD = re.compile(r"[\W_]+")


@dataclass(slots=True)
class Term:
    """A concept: its local name (``Completed``), preferred label, other labels and canonical unit, if any."""

    name: str
    scheme: str = ""
    label: str = ""
    synonyms: list[str] = field(default_factory=list)
    unit: str = ""
    molar_mass: Decimal | None = None


def normal(text: str) -> str:
    """Case, punctuation and spacing taken away: what is left decides whether two wordings are one."""
    return _NOT_WORD.sub(" ", text.casefold()).strip()


@cache
def _concepts() -> dict[str, Term]:
    terms: dict[str, Term] = {}
    for file in ("codes.ttl", "variables.ttl"):
        for quad in ox.parse(path=assets.folder("ontology") / file):
            subject, predicate, value = quad.subject, quad.predicate.value, quad.object
            if not (isinstance(subject, ox.NamedNode) and subject.value.startswith(TK)):
                continue
            term = terms.setdefault(subject.value, Term(subject.value.removeprefix(TK)))
            if predicate == _SKOS + "inScheme" and isinstance(value, ox.NamedNode):
                term.scheme = value.value.removeprefix(TK)
            elif isinstance(value, ox.Literal):
                if predicate == _SKOS + "prefLabel":
                    term.label = value.value
                elif predicate == _SKOS + "altLabel":
                    term.synonyms.append(value.value)
                elif predicate == TK + "canonicalUnit":
                    term.unit = value.value
                elif predicate == TK + "molarMass":
                    term.molar_mass = Decimal(value.value)
    return {t.name: t for t in terms.values() if t.scheme}


@cache
def scheme(name: str) -> dict[str, Term]:
    """The concepts of one scheme (``StatusScheme``, ``VariableScheme`` ...), by local name."""
    found = {t.name: t for t in sorted(_concepts().values(), key=lambda t: t.name) if t.scheme == name}
    if not found:
        raise KeyError(f"no code list called {name} in the ontology")
    return found


@cache
def _wordings(name: str) -> dict[str, str]:
    words: dict[str, str] = {}
    for term in scheme(name).values():
        for wording in (term.name, term.label, *term.synonyms):
            words.setdefault(normal(wording), term.name)
    return words


def code(scheme_name: str, text: str) -> str:
    """The local name of the concept of the scheme that ``text`` is a wording of; "" when there is none.

    >>> code("StatusScheme", "Active, not recruiting"), code("PhaseScheme", "Phase II"), code("SexScheme", "?")
    ('ActiveNotRecruiting', 'Phase2', '')
    """
    return _wordings(scheme_name).get(normal(text), "")


def label(name: str) -> str:
    """The preferred label of a concept by its local name; the name itself when there is no such concept."""
    term = _concepts().get(name)
    return term.label if term else name
