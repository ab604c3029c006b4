"""Files of triples: written beside their place and renamed when whole, the same bytes for the same input.

The form is told by the suffix: .ttl, .nt, .nq or .jsonld, each also with .gz; a folder (a name that ends with "/", or
an existing store) becomes an on-disk store.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Literal, cast

import pyoxigraph as ox

from kg import iri, jsonld
from kg.errors import UsageError
from kg.trial import Outcome, is_shared

Form = Literal["ttl", "nt", "nq", "jsonld", "store"]

#: The prefixes of every file and query of the project.
PREFIXES = {
    "tk": iri.TK,
    "dcterms": "http://purl.org/dc/terms/",
    "mesh": iri.MESH,
    "meshv": iri.MESH + "vocab#",
    "prov": "http://www.w3.org/ns/prov#",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}


def form_of(out: str) -> Form:
    """The form that a file name asks for. Raises UsageError for a suffix that is none of them."""
    path = Path(out)
    if out.endswith("/") or path.is_dir():
        return "store"
    name = path.name.removesuffix(".gz")
    suffix = name.rsplit(".", 1)[-1] if "." in name else ""
    if suffix in ("ttl", "nt", "nq", "jsonld"):
        return cast(Form, suffix)
    raise UsageError(
        f"{out}: end the name with .ttl, .nt, .nq or .jsonld (or .gz after that), or with / for a store folder"
    )


@contextmanager
def beside(path: Path) -> Iterator[IO[bytes]]:
    """A file to write to that takes its place when the block ends well, and leaves nothing behind when it does not."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with temporary.open("wb") as raw:
            if path.name.endswith(".gz"):
                with gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0, compresslevel=6) as packed:
                    yield cast(IO[bytes], packed)
            else:
                yield raw
            raw.flush()
            os.fsync(raw.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _digest(line: str) -> bytes:
    return hashlib.blake2b(line.encode(), digest_size=10).digest()


def turtle(lines: Iterable[str]) -> bytes:
    """N-Triples lines as Turtle without the prefix declarations, in the order of the lines."""
    triples = ox.parse("\n".join(lines).encode(), format=ox.RdfFormat.N_TRIPLES)
    text = ox.serialize((q.triple for q in triples), format=ox.RdfFormat.TURTLE, prefixes=PREFIXES)
    return b"".join(line for line in (text or b"").splitlines(keepends=True) if not line.startswith(b"@prefix"))


def turtle_head() -> bytes:
    """The prefix declarations of every Turtle file of the project."""
    return "".join(f"@prefix {name}: <{namespace}> .\n" for name, namespace in PREFIXES.items()).encode()


class Writer:
    """Writes the outcomes of a build one after the other, then what they share.

    In forms without named graphs a statement that two documents make is written once.
    """

    def __init__(self, file: IO[bytes], form: Form) -> None:
        self._file = file
        self._form: Form = "nq" if form == "store" else form
        self._common: set[str] = set()
        self._known: set[bytes] = set()
        self._first = True
        self.statements = 0
        if self._form == "ttl":
            file.write(turtle_head())
        elif self._form == "jsonld":
            file.write(b'{"@context":' + jsonld.context() + b',"@graph":[\n')

    def add(self, outcome: Outcome) -> None:
        """Write what one document says of its trial; keep what is shared for the end."""
        if self._form == "jsonld":
            self._file.write((b"" if self._first else b",\n") + outcome.record)
            self._first = False
            self.statements += len(outcome.own) + len(outcome.common)
            return
        self._common.update(outcome.common)
        if self._form == "nq":
            self._lines([f"{line[:-1]}<{outcome.graph}> ." for line in outcome.own])
            return
        trial = f"<{iri.absolute(outcome.trial)}> "
        own: list[str] = []
        for line in outcome.own:
            if is_shared(line):
                self._common.add(line)
            elif line.startswith(trial):
                digest = _digest(line)
                if digest not in self._known:
                    self._known.add(digest)
                    own.append(line)
            else:
                own.append(line)
        self._lines(own)

    def _lines(self, lines: list[str]) -> None:
        self.statements += len(lines)
        if self._form == "ttl":
            self._file.write(b"\n" + turtle(lines) if lines else b"")
        else:
            self._file.write("".join(f"{line}\n" for line in lines).encode())

    def end(self, vocabulary: list[str]) -> None:
        """Write what the trials share, and the statements about MeSH (N-Triples lines)."""
        if self._form == "jsonld":
            triples = ox.parse("\n".join(vocabulary).encode(), format=ox.RdfFormat.N_TRIPLES)
            nodes = ox.serialize((q.triple for q in triples), format=ox.RdfFormat.JSON_LD)
            graph = b'{"id":"%s","@graph":%s}' % (iri.SHARED_GRAPH.encode(), (nodes or b"[]").strip())
            self._file.write((b"" if self._first else b",\n") + graph + b"\n]}\n")
            self.statements += len(vocabulary)
            return
        common = sorted(self._common | set(vocabulary))
        if self._form == "nq":
            self._lines([f"{line[:-1]}<{iri.SHARED_GRAPH}> ." for line in common])
        else:
            for start in range(0, len(common), 50_000):
                self._lines(common[start : start + 50_000])


def write_store(nquads: Path, folder: Path) -> None:
    """Load an N-Quads file into a new on-disk store that takes the place of ``folder`` when it is whole."""
    fresh = folder.with_name(f".{folder.name}.{os.getpid()}.part")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.parent.mkdir(parents=True, exist_ok=True)
    try:
        store = ox.Store(str(fresh))
        store.bulk_load(path=str(nquads), format=ox.RdfFormat.N_QUADS)
        store.flush()
        del store
        old = folder.with_name(f".{folder.name}.{os.getpid()}.old")
        if folder.exists():
            folder.rename(old)
        fresh.rename(folder)
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
