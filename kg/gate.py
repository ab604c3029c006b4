"""The SHACL gate: every trial's own small graph is validated before it enters.

pyshifty validates (fast); pySHACL, the reference implementation, gives the second opinion, and the full report where one
is asked for. Both are behind this module only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Literal

import msgspec

from kg import assets, iri
from kg.graphs import OxigraphGraph

_TERM = re.compile(r"^<(.*)>$")


class Violation(msgspec.Struct, frozen=True, order=True):
    """What a shape found: severity, node, path (both shortened), and the message of the shape."""

    severity: str
    node: str
    path: str
    message: str

    def line(self) -> str:
        """One line for people."""
        where = f" {self.path}" if self.path else ""
        return f"{self.severity.lower()}: {self.node}{where}: {self.message}"


@cache
def shapes() -> bytes:
    """All shapes as one Turtle text."""
    return b"\n".join(path.read_bytes() for path in sorted(assets.folder("shapes").glob("*.ttl")))


@cache
def _validator() -> object:
    from shifty._shifty import PreparedValidator

    return PreparedValidator(shapes=shapes(), shapes_format="turtle")


def _short(term: str) -> str:
    match = _TERM.match(term)
    return iri.local(match[1]) if match else term


def _path(text: str | None) -> str:
    return re.sub(r"<([^<>]*+)>", lambda m: iri.local(m[1]), text) if text else ""


def validate(ntriples: bytes) -> list[Violation]:
    """What the shapes find in a graph given as N-Triples, sorted; [] when it conforms without a warning."""
    result = _validator().validate_algebra(  # type: ignore[attr-defined]
        data=ntriples,
        data_format="ntriples",
        graph_mode="data",
        run_infer=False,
        minimum_severity="violation",
        sort_results=True,
    )
    found = {
        Violation(
            str(reason.severity).rsplit("#", 1)[-1].strip("<>").capitalize(),
            _short(violation.focus_node),
            _path(reason.path),
            reason.author_message or reason.message,
        )
        for violation in result.violations
        for reason in violation.reasons
    }
    return sorted(found)


def failures(violations: Iterable[Violation]) -> list[Violation]:
    """Those that keep a trial out of the graph; warnings do not."""
    return [v for v in violations if v.severity == "Violation"]


def reference_report(ntriples: bytes, form: Literal["turtle", "text"] = "turtle") -> tuple[bool, str]:
    """pySHACL's verdict (warnings allowed) and report on a graph given as N-Triples."""
    import rdflib
    from pyshacl import validate as pyshacl_validate

    data, rules = rdflib.Graph(), rdflib.Graph()
    data.parse(data=ntriples, format="nt")
    rules.parse(data=shapes(), format="turtle")
    conforms, report, text = pyshacl_validate(data, shacl_graph=rules, inference="none", allow_warnings=True)
    if form == "turtle" and isinstance(report, rdflib.Graph):
        return bool(conforms), report.serialize(format="turtle")
    return bool(conforms), str(text)


def validate_files(files: Iterable[Path]) -> tuple[bytes, list[Violation]]:
    """The files' triples as N-Triples, and what the shapes find in them. Raises UsageError naming an unreadable file."""
    triples: set[str] = set()
    for file in files:
        graph = OxigraphGraph.of_files([file])
        triples.update(graph.construct("CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }").splitlines())
    ntriples = "\n".join(sorted(triples)).encode()
    return ntriples, validate(ntriples)
