"""The store behind a server as a graph like any other: each query goes to a process of the pool."""

from __future__ import annotations

from pathlib import Path

import orjson

from kg.errors import TrialKGError, UsageError
from kg.graphs import Answer, answer_of_json
from kg.output import PREFIXES
from kg.serve.guard import Look, Refused, check_reach, look
from kg.serve.pool import Pool
from kg.serve.worker import Reply, Request


class Invalid(UsageError):
    """A query that the engine's parser refuses, and where."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(f"the query is not SPARQL 1.1: {reply.message}")
        self.line, self.column = reply.line, reply.column


class Served:
    """Answers SPARQL (:class:`kg.graphs.Graph`) through a pool, with its limits."""

    def __init__(self, pool: Pool, services: frozenset[str] = frozenset()) -> None:
        self.pool = pool
        self._services = services

    def run(self, request: Request, seconds: float | None = None, seen: Look | None = None) -> tuple[Reply, Path]:
        """Answer into a file, which the caller removes; ``seen`` is what a look through the query told, where there was one.

        Raises Refused, Invalid, Ended, or TrialKGError when it fails.
        """
        check_reach(seen or look(request.text), self._services)
        prefixes = {**PREFIXES, **request.prefixes}
        request.prefixes = prefixes
        reply, out = self.pool.run(request, seconds)
        if reply.kind in ("syntax", "failed", "large"):
            out.unlink(missing_ok=True)
            if reply.kind == "syntax":
                raise Invalid(reply)
            if reply.kind == "large":
                raise Refused(reply.message, 413)
            raise TrialKGError(f"the query failed: {reply.message}")
        return reply, out

    def _content(self, request: Request) -> tuple[Reply, bytes]:
        reply, out = self.run(request)
        try:
            return reply, out.read_bytes()
        finally:
            out.unlink(missing_ok=True)

    def cut(self, sparql: str, rows: int) -> tuple[Answer, bool]:
        """The answer to a SELECT or ASK query, at most so many rows, and whether there were more."""
        reply, content = self._content(Request(sparql, rows=rows))
        if reply.kind == "graph":
            raise UsageError("the query makes a graph, not a table")
        return answer_of_json(orjson.loads(content)), reply.truncated

    def holds(self, pattern: str) -> bool:
        """Whether the graph has something that fits a pattern."""
        ((found,),) = self.select(f"ASK {{ {pattern} }}").rows
        return found is not None and found.value == "true"

    def select(self, sparql: str) -> Answer:
        return self.cut(sparql, 0)[0]

    def construct(self, sparql: str) -> str:
        reply, content = self._content(Request(sparql, graph="ntriples"))
        if reply.kind != "graph":
            raise UsageError("the query makes a table, not a graph")
        return "".join(sorted(content.decode().splitlines(keepends=True)))
