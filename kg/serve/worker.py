"""A process that answers queries over a store and may be killed at any time: ``python -m kg.serve.worker STORE``.

The engine cannot cancel a query, and one that overflows its stack takes its process with it. So a query runs in a process of its own,
with a bound on memory and without a network; the server ends it when its time is over. A request is a line of JSON on stdin, the reply a
line on stdout; the answer itself goes into a file, so that nothing is sent before it is whole.
"""

from __future__ import annotations

import contextlib
import ctypes
import re
import resource
import sys
import threading
from pathlib import Path
from typing import IO, Any, cast

import msgspec
import pyoxigraph as ox

from kg.errors import UsageError
from kg.graphs import opened
from kg.serve.cut import Cut, Full, TooLarge

TABLES = {
    "json": ox.QueryResultsFormat.JSON,
    "xml": ox.QueryResultsFormat.XML,
    "csv": ox.QueryResultsFormat.CSV,
    "tsv": ox.QueryResultsFormat.TSV,
}
GRAPHS = {
    "turtle": ox.RdfFormat.TURTLE,
    "ntriples": ox.RdfFormat.N_TRIPLES,
    "rdfxml": ox.RdfFormat.RDF_XML,
    "jsonld": ox.RdfFormat.JSON_LD,
}
_STACK = 512 << 20
_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_AT = re.compile(r"error at (\d+):(\d+): (.*)", re.DOTALL)


class Request(msgspec.Struct, omit_defaults=True):
    """A query (or ``update``), the dataset that the protocol asks for (None: the store's own), and where the answer goes."""

    text: str
    out: str = ""
    base: str | None = None
    table: str = "json"
    graph: str = "turtle"
    default: list[str] | None = None
    named: list[str] | None = None
    rows: int = 0
    size: int = 64 << 20
    update: bool = False
    reopen: bool = False
    prefixes: dict[str, str] = {}


class Reply(msgspec.Struct, omit_defaults=True):
    """What came of a request: ``kind`` is ``table``, ``boolean``, ``graph``, ``done``, or ``syntax``, ``failed``, ``large``."""

    kind: str
    truncated: bool = False
    stale: bool = False
    message: str = ""
    line: int = 0
    column: int = 0


def _failure(kind: str, error: Exception) -> Reply:
    text = " ".join(str(error).split())[:500]
    if match := _AT.search(str(error)):
        return Reply(kind, message=" ".join(match[3].split())[:500], line=int(match[1]), column=int(match[2]))
    return Reply(kind, message=text)


def answer(store: ox.Store, request: Request) -> Reply:
    """Carry out one request."""
    try:
        if request.update:
            store.update(request.text, base_iri=request.base, prefixes=request.prefixes)
            return Reply("done")
        given: dict[str, Any] = {"use_default_graph_as_union": True}
        if request.default is not None or request.named is not None:
            given = {
                "default_graph": [ox.NamedNode(name) for name in request.default or ()],
                "named_graphs": [ox.NamedNode(name) for name in request.named or ()],
            }
        found = store.query(request.text, base_iri=request.base, prefixes=request.prefixes, **given)
    except (SyntaxError, ValueError) as error:
        return _failure("syntax", error)
    except (OSError, RuntimeError) as error:
        return _failure("failed", error)
    with Path(request.out).open("wb") as file:
        try:
            if isinstance(found, ox.QueryTriples):
                found.serialize(cast(IO[bytes], Cut(file, "", 0, request.size)), format=GRAPHS[request.graph])
                return Reply("graph")
            if isinstance(found, ox.QueryBoolean):
                found.serialize(file, format=TABLES[request.table])
                return Reply("boolean")
            cut = Cut(file, request.table, request.rows, request.size)
            with contextlib.suppress(Full):
                found.serialize(cast(IO[bytes], cut), format=TABLES[request.table])
                cut.close()
            return Reply("table", truncated=cut.is_full)
        except TooLarge as error:
            return _failure("large", error)
        except (OSError, RuntimeError, ValueError) as error:
            return _failure("failed", error)


def confine(memory: int, *, network: bool) -> None:
    """Bound the memory (in bytes), leave no core file, and leave the network where the system lets a process do so."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if memory:
        resource.setrlimit(resource.RLIMIT_AS, (memory + _STACK, memory + _STACK))
    if not network:
        with contextlib.suppress(OSError, AttributeError):
            libc = ctypes.CDLL(None, use_errno=True)
            if libc.unshare(_CLONE_NEWNET) != 0:
                libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET)


def serve(folder: str, *, write: bool) -> None:
    """Answer requests until stdin ends."""
    store = ox.Store(folder) if write else opened(Path(folder))
    print("ready", flush=True)
    for line in sys.stdin.buffer:
        request = msgspec.json.decode(line, type=Request)
        is_stale = False
        if request.reopen:
            try:
                store = opened(Path(folder))
            except UsageError:
                is_stale = True  # what was open goes on answering
        reply = answer(store, request)
        reply.stale = is_stale
        sys.stdout.buffer.write(msgspec.json.encode(reply) + b"\n")
        sys.stdout.buffer.flush()


def main(arguments: list[str]) -> None:
    folder, memory, *flags = arguments
    confine(int(memory), network="network" in flags)
    threading.stack_size(_STACK)
    thread = threading.Thread(target=serve, args=(folder,), kwargs={"write": "write" in flags}, daemon=True)
    thread.start()
    thread.join()


if __name__ == "__main__":
    main(sys.argv[1:])
