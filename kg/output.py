"""Files of triples: written beside their place and renamed when whole, the same bytes for the same input.

The form is told by the suffix: .ttl, .nt, .nq or .jsonld, each also with .gz; a folder (a name that ends with "/", or
an existing store) becomes an on-disk store.
"""

from __future__ import annotations

import gzip
import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import IO, Literal, cast

import pyoxigraph as ox

from kg import iri, jsonld
from kg.errors import UsageError
from kg.spool import Table
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
def beside(path: Path, *, pack: bool = True) -> Iterator[IO[bytes]]:
    """A file to write to that takes its place when the block ends well, and leaves nothing behind when it does not.

    What goes into a name that ends with .gz is packed, unless ``pack`` says that it is already.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with temporary.open("wb") as raw:
            if pack and path.name.endswith(".gz"):
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


def turtle_of(triples: Iterable[ox.Triple], prefixes: dict[str, str]) -> bytes:
    """Statements as Turtle for people, sorted, with prefixes of one's own: the same bytes for the same statements."""
    text = ox.serialize(sorted(triples, key=str), format=ox.RdfFormat.TURTLE, prefixes=prefixes) or b""
    lines = text.splitlines(keepends=True)
    head = sorted(line for line in lines if line.startswith(b"@prefix "))
    return b"".join([*head, *lines[len(head) :]])


def turtle(lines: Iterable[str]) -> bytes:
    """N-Triples lines as Turtle without the prefix declarations, in the order of the lines."""
    triples = ox.parse("\n".join(lines).encode(), format=ox.RdfFormat.N_TRIPLES)
    text = ox.serialize((q.triple for q in triples), format=ox.RdfFormat.TURTLE, prefixes=PREFIXES)
    return b"".join(line for line in (text or b"").splitlines(keepends=True) if not line.startswith(b"@prefix"))


def turtle_head() -> bytes:
    """The prefix declarations of every Turtle file of the project."""
    return "".join(f"@prefix {name}: <{namespace}> .\n" for name, namespace in PREFIXES.items()).encode()


class Writer:
    """Makes the bytes of a graph from the outcomes of a build, one after the other; what they share is written once.

    With named graphs, what trials share follows the first trial that has it. In forms without, it comes at the end, and a
    statement that two documents make is written once.
    """

    def __init__(self, form: Form) -> None:
        self._form: Form = "nq" if form == "store" else form
        self._common = Table()
        self._known = Table()
        self._first = True
        self.statements = 0

    def begin(self) -> bytes:
        """What stands before the first trial."""
        if self._form == "ttl":
            return turtle_head()
        return b'{"@context":' + jsonld.context() + b',"@graph":[\n' if self._form == "jsonld" else b""

    def add(self, outcome: Outcome) -> bytes:
        """What one document says of its trial; what it shares with others is kept for the end, or comes after it."""
        if self._form == "jsonld":
            text = (b"" if self._first else b",\n") + outcome.record
            self._first = False
            self.statements += len(outcome.own) + len(outcome.common)
            return text
        if self._form == "nq":
            common = self._in_shared(self._new(outcome.common))
            return self._lines([f"{line[:-1]}<{outcome.graph}> ." for line in outcome.own] + common)
        for line in outcome.common:
            self._common.add(line.encode())
        trial = f"<{iri.absolute(outcome.trial)}> "
        own: list[str] = []
        for line in outcome.own:
            if is_shared(line):
                self._common.add(line.encode())
            elif line.startswith(trial):
                own += self._new([line])
            else:
                own.append(line)
        return self._lines(own)

    def _new(self, lines: Iterable[str]) -> list[str]:
        """The lines that have not been written yet."""
        return [line for line in lines if self._known.add(_digest(line))]

    def _in_shared(self, lines: Iterable[str]) -> list[str]:
        return [f"{line[:-1]}<{iri.SHARED_GRAPH}> ." for line in lines]

    def _lines(self, lines: list[str]) -> bytes:
        self.statements += len(lines)
        if self._form == "ttl":
            return b"\n" + turtle(lines) if lines else b""
        return "".join(f"{line}\n" for line in lines).encode()

    def end(self, vocabulary: list[str]) -> Iterator[bytes]:
        """What the trials share, where it was not written yet, and the statements about MeSH (N-Triples lines)."""
        if self._form == "jsonld":
            triples = ox.parse("\n".join(vocabulary).encode(), format=ox.RdfFormat.N_TRIPLES)
            nodes = ox.serialize((q.triple for q in triples), format=ox.RdfFormat.JSON_LD)
            graph = b'{"id":"%s","@graph":%s}' % (iri.SHARED_GRAPH.encode(), (nodes or b"[]").strip())
            self.statements += len(vocabulary)
            yield (b"" if self._first else b",\n") + graph + b"\n]}\n"
        elif self._form == "nq":
            yield self._lines(self._in_shared(vocabulary))
        else:
            for line in vocabulary:
                self._common.add(line.encode())
            lines = (line.decode() for line, _ in self._common.items())
            while portion := list(islice(lines, 5_000)):
                yield self._lines(portion)
