"""The on-disk store: made in one go by its bulk loader, changed trial by trial.

A new store is loaded beside its place and takes it when it is whole. A change to one trial is one transaction of the store:
whoever reads, and whatever happens, there is the old trial or the new one. The store is its own manifest: each document's
name and SHA-256 stand in the named graph that holds what it says, and what the store was made with in one graph more.
"""

from __future__ import annotations

import contextlib
import ctypes
import glob
import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pyoxigraph as ox

from kg import __version__, iri, output, vocabulary
from kg.errors import UsageError
from kg.mesh import MeshIndex
from kg.trial import Outcome

#: Bytes that are loaded in one go: about 75,000 statements, which the loader sorts in some 150 MB.
_PORTION = 16_000_000
#: AT_FDCWD and RENAME_EXCHANGE of renameat2(2).
_HERE, _EXCHANGE = -100, 2
_DATASET = ox.NamedNode(iri.BASE + "dataset")
_DATASET_GRAPH = ox.NamedNode(iri.DATASET_GRAPH)
_SHARED = ox.NamedNode(iri.SHARED_GRAPH)
_TYPE = ox.NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")
_VOID = "http://rdfs.org/ns/void#"
_BOOLEAN = ox.NamedNode("http://www.w3.org/2001/XMLSchema#boolean")
_WITHIN = ox.NamedNode(iri.TK + "isWithin")
_DOCUMENTS = """
PREFIX tk: <https://w3id.org/trialkg/ontology#>
PREFIX prov: <http://www.w3.org/ns/prov#>
PREFIX dcterms: <http://purl.org/dc/terms/>
SELECT ?graph ?trial ?name ?sha ?layout ?version ?issued WHERE { GRAPH ?graph {
  ?trial prov:wasDerivedFrom ?document . ?document tk:sha256 ?sha ; dcterms:title ?name ; tk:layout ?layout .
  OPTIONAL { ?trial dcterms:isVersionOf ?version } OPTIONAL { ?document dcterms:issued ?issued } } }
"""
_IDENTIFIERS = """
PREFIX dcterms: <http://purl.org/dc/terms/>
PREFIX tk: <https://w3id.org/trialkg/ontology#>
SELECT ?graph ?identifier WHERE { GRAPH ?graph { ?trial dcterms:identifier|tk:acronym ?identifier } }
"""


class Made(NamedTuple):
    """What a store was made with: it is changed with the same only."""

    mesh: str
    results: bool
    with_mesh: bool
    software: str = __version__


class Kept(NamedTuple):
    """A document that is in a store: the graph that holds what it says of its trial (both absolute IRIs)."""

    graph: str
    trial: str
    name: str
    sha256: str
    layout: str
    identifiers: tuple[str, ...]
    archived: bool


def _portions(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Chunks of whole lines brought together to portions that the bulk loader sorts in little memory."""
    parts: list[bytes] = []
    length = 0
    for chunk in chunks:
        parts.append(chunk)
        length += len(chunk)
        if length >= _PORTION:
            yield b"".join(parts)
            parts, length = [], 0
    yield b"".join(parts)


def _described(made: Made) -> list[ox.Quad]:
    """What a store says of itself."""
    told: list[tuple[str, ox.Literal]] = [
        ("softwareVersion", ox.Literal(made.software)),
        ("meshVersion", ox.Literal(made.mesh)),
        ("withResults", ox.Literal(str(made.results).lower(), datatype=_BOOLEAN)),
        ("withMesh", ox.Literal(str(made.with_mesh).lower(), datatype=_BOOLEAN)),
    ]
    return [ox.Quad(_DATASET, ox.NamedNode(iri.TK + name), value, _DATASET_GRAPH) for name, value in told]


def _describe(store: ox.Store, folder: Path) -> None:
    """Bring up to date what a store says of its size, in VoID and DCAT, also in a file beside it."""
    made = [q for q in store.quads_for_pattern(_DATASET, None, None, _DATASET_GRAPH) if iri.TK in q.predicate.value]
    trials = sum(1 for _ in store.quads_for_pattern(None, _TYPE, ox.NamedNode(iri.TK + "Trial"), None))
    told: list[tuple[str, ox.NamedNode | ox.Literal]] = [
        (_TYPE.value, ox.NamedNode(_VOID + "Dataset")),
        (_TYPE.value, ox.NamedNode("http://www.w3.org/ns/dcat#Dataset")),
        ("http://purl.org/dc/terms/title", ox.Literal("A graph of clinical trials", language="en")),
        (_VOID + "vocabulary", ox.NamedNode(iri.TK.removesuffix("#"))),
        (_VOID + "uriSpace", ox.Literal(iri.BASE)),
        (_VOID + "entities", ox.Literal(trials)),
    ]
    quads = made + [ox.Quad(_DATASET, ox.NamedNode(name), value, _DATASET_GRAPH) for name, value in told]
    size = len(store) - len(list(store.quads_for_pattern(None, None, None, _DATASET_GRAPH))) + len(quads) + 1
    quads.append(ox.Quad(_DATASET, ox.NamedNode(_VOID + "triples"), ox.Literal(size), _DATASET_GRAPH))
    text = ox.serialize((q.triple for q in quads), format=ox.RdfFormat.N_TRIPLES) or b""
    lines = text.decode().splitlines()
    store.update(
        f"DROP SILENT GRAPH {_DATASET_GRAPH}; INSERT DATA {{ GRAPH {_DATASET_GRAPH} {{ {' '.join(lines)} }} }}"
    )
    store.flush()
    with output.beside(folder.with_name(f"{folder.name}.void.ttl")) as file:
        file.write(output.turtle_head() + output.turtle(sorted(lines)))


def create(folder: Path, chunks: Iterable[bytes], made: Made) -> None:
    """Load N-Quads into a new store, as they come, that takes the place of ``folder`` when it is whole.

    What an interrupted build left beside it is taken away.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    sweep(folder)
    fresh = folder.with_name(f".{folder.name}.{os.getpid()}.part")
    try:
        store = ox.Store(str(fresh))
        for portion in _portions(chunks):
            store.bulk_load(input=portion, format=ox.RdfFormat.N_QUADS)
            _give_back()
        store.optimize()
        store.extend(_described(made))
        _describe(store, folder)
        del store
        _take_place(fresh, folder)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _give_back() -> None:
    """Give memory that was freed back to the system, where its library for C keeps it (glibc): what is held stays what is needed."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def _take_place(fresh: Path, folder: Path) -> None:
    """Put a new store in the place of the old one, in one step where the system can: there is one at any moment."""
    if folder.exists() and _exchanged(fresh, folder):
        shutil.rmtree(fresh, ignore_errors=True)
        return
    old = folder.with_name(f".{folder.name}.{os.getpid()}.old")
    if folder.exists():
        folder.rename(old)
    try:
        fresh.rename(folder)
    except OSError:
        if old.exists():
            old.rename(folder)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _exchanged(one: Path, other: Path) -> bool:
    """Exchange two names of one folder in one step (renameat2 of Linux); False where the system does not know how."""
    try:
        renameat2 = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError):
        return False
    return bool(renameat2(_HERE, os.fsencode(one), _HERE, os.fsencode(other), _EXCHANGE) == 0)


def leftovers(out: Path) -> list[Path]:
    """What builds of a file or a store that were killed left of it and of its manifest, sorted."""
    found = []
    for left in sorted(out.parent.glob(f".{glob.escape(out.name)}.*")):
        _, process, kind = left.name.rsplit(".", 2)
        if kind in ("part", "old") and process.isdigit() and not _runs(int(process)):
            found.append(left)
    return found


def sweep(out: Path) -> None:
    """Take away what killed builds of the same output left; put the old store back where its place is empty."""
    for left in leftovers(out):
        if left.name.endswith(".old") and left.name.rsplit(".", 2)[0] == f".{out.name}" and not out.exists():
            left.rename(out)
        elif left.is_dir():
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink(missing_ok=True)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


class Store:
    """A store that is open for changes. Raises UsageError when it is not there, is in use or cannot be written."""

    def __init__(self, folder: Path) -> None:
        sweep(folder)
        if not (folder / "CURRENT").exists():
            raise UsageError(f"{folder}: is not a store; make one with: trialkg build PATH... -o {folder}/")
        try:
            self._store = ox.Store(str(folder))
        except OSError as error:
            reason = "another process is changing it" if "lock" in str(error).lower() else str(error)
            raise UsageError(f"{folder}: cannot be changed: {reason}") from error
        self._folder = folder

    def check(self, made: Made) -> None:
        """Raise UsageError unless the store was made with the same version, MeSH and choices."""
        told = {
            q.predicate.value.removeprefix(iri.TK): q.object.value
            for q in self._store.quads_for_pattern(_DATASET, None, None, _DATASET_GRAPH)
            if isinstance(q.object, ox.Literal)
        }
        for name, what, wanted in (
            ("softwareVersion", "version", made.software),
            ("meshVersion", "MeSH", made.mesh),
            ("withResults", "--results", str(made.results).lower()),
            ("withMesh", "--with-mesh", str(made.with_mesh).lower()),
        ):
            if told.get(name) != wanted:
                raise UsageError(
                    f"{self._folder}: was made with {what} {told.get(name, 'unknown')}, not {wanted}; "
                    "choose the same, or build it anew without --update"
                )

    def _rows(self, query: str) -> Iterator[Any]:
        yield from self._store.query(query)  # type: ignore[misc]

    def documents(self) -> list[Kept]:
        """The documents that the store was made of, in order of their names."""
        identifiers: dict[str, list[str]] = {}
        for row in self._rows(_IDENTIFIERS):
            identifiers.setdefault(row["graph"].value, []).append(row["identifier"].value)
        return sorted(
            Kept(
                graph=row["graph"].value,
                trial=(row["version"] or row["trial"]).value,
                name=row["name"].value,
                sha256=row["sha"].value,
                layout=row["layout"].value,
                identifiers=tuple(sorted(identifiers.get(row["graph"].value, []))),
                archived=row["issued"] is not None,
            )
            for row in self._rows(_DOCUMENTS)
        )

    def is_first(self, kept: Kept) -> bool:
        """Whether the parts of the trial that a document gives have the short IRIs, as those of the first document."""
        for quad in self._store.quads_for_pattern(ox.NamedNode(kept.trial), None, None, ox.NamedNode(kept.graph)):
            part = quad.object.value if isinstance(quad.object, ox.NamedNode) else ""
            if part.startswith(f"{kept.trial}/") and not part.startswith(f"{kept.trial}/version/"):
                return not part.startswith(f"{kept.trial}/from/")
        return False

    def change(self, drop: Iterable[str], bring: Iterable[Outcome]) -> None:
        """Take away graphs and put in those of outcomes, with what they share with others: all of it or nothing.

        The lines come from an RDF serialiser, whose strings SPARQL reads in the same way; IRIs are checked here.
        """
        steps = [f"DROP SILENT GRAPH {ox.NamedNode(name)}" for name in drop]
        for one in bring:
            own, common = " ".join(one.own), " ".join(one.common)
            steps.append(
                f"INSERT DATA {{ GRAPH {ox.NamedNode(one.graph)} {{ {own} }} GRAPH {_SHARED} {{ {common} }} }}"
            )
        if steps:
            self._store.update(";\n".join(steps))

    def tidy(self, mesh: MeshIndex | None) -> None:
        """Take away shared things that no trial uses any more, and bring the statements about MeSH up to date.

        ``mesh`` is None for a store without them.
        """
        own = {q.subject for q in self._shared() if _is_own(q.subject)}
        unused = {subject for subject in own if not self._is_used(subject)}
        gone = [quad for subject in unused for quad in self._shared(subject)]
        links = (q.object for q in self._shared(None, _WITHIN) if q.subject not in unused)
        within = {link.value for link in links if isinstance(link, ox.NamedNode)}
        concepts = {i.removeprefix(iri.MESH) for i in within if i.startswith(iri.MESH)}
        lines = vocabulary.statements(concepts, mesh) if mesh else []
        wanted = {
            ox.Quad(q.subject, q.predicate, q.object, _SHARED)
            for q in ox.parse("\n".join(lines).encode(), format=ox.RdfFormat.N_TRIPLES)
        }
        known = {q for q in self._shared() if not _is_own(q.subject)}
        self._store.extend(wanted - known)
        for quad in (*gone, *(known - wanted)):
            self._store.remove(quad)
        _describe(self._store, self._folder)

    def _shared(self, subject: Any = None, predicate: Any = None) -> Iterator[ox.Quad]:
        return self._store.quads_for_pattern(subject, predicate, None, _SHARED)

    def _is_used(self, node: Any) -> bool:
        found = self._store.quads_for_pattern(node, None, None, None)
        pointing = self._store.quads_for_pattern(None, None, node, None)
        return any(q.graph_name != _SHARED for q in found) or any(q.graph_name != _SHARED for q in pointing)

    def __len__(self) -> int:
        return len(self._store)


def _is_own(subject: Any) -> bool:
    return isinstance(subject, ox.NamedNode) and subject.value.startswith(iri.BASE)
