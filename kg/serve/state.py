"""What the handlers of a server share: the store behind it, MeSH, and what is allowed."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import orjson
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from kg import __version__
from kg.errors import TrialKGError, UsageError
from kg.mesh import MeshIndex
from kg.serve.asked import Invalid, Served
from kg.serve.guard import Refused
from kg.serve.pool import Ended, Limits

T = TypeVar("T")
_TITLES = {
    400: "Bad request",
    401: "Token needed",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    406: "Not acceptable",
    413: "Too large",
    415: "Unsupported media type",
    429: "Too many requests",
    500: "The query failed",
    503: "Stopped",
}


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """How a server is run. ``token`` is what updates need; "" allows none. ``services``: the endpoints that SERVICE may reach,
    ``hosts``: the names under which the server may be called (empty: any), ``page_rows``: rows of a table on a page."""

    limits: Limits = Limits()
    token: str = ""
    services: frozenset[str] = frozenset()
    hosts: frozenset[str] = frozenset()
    page_rows: int = 500


class State:
    """The store, MeSH and the settings of a running server."""

    def __init__(self, graph: Served, index: MeshIndex, settings: Settings) -> None:
        self.graph, self.index, self.settings = graph, index, settings
        self._kept: dict[str, tuple[tuple[int, ...], Any]] = {}

    def kept(self, name: str, make: Callable[[], T]) -> T:
        """A value that is made once for each state of the store."""
        now = self.graph.pool.generation()
        found = self._kept.get(name)
        if found is None or found[0] != now:
            found = self._kept[name] = (now, make())
        value: T = found[1]
        return value

    def etag(self) -> str:
        """What changes when answers may: the store, or the version of the program."""
        told = f"{__version__} {self.graph.pool.generation()}"
        return f'W/"{hashlib.blake2b(told.encode(), digest_size=10).hexdigest()}"'

    def is_allowed(self, request: Request) -> bool:
        """Whether a request brings the token."""
        given = request.headers.get("authorization", "").removeprefix("Bearer ").encode("utf-8", "replace")
        return bool(self.settings.token) and hmac.compare_digest(given, self.settings.token.encode())


def state(request: Request) -> State:
    """The state of the server that a request came to."""
    found: State = request.app.state.kg
    return found


def problem(status: int, detail: str, **more: Any) -> Response:
    """An error as RFC 9457 has it."""
    told = {"type": "about:blank", "title": _TITLES.get(status, "Error"), "status": status, "detail": detail, **more}
    headers = {"Retry-After": "5"} if status in (429, 503) else {}
    if status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="updates"'
    return Response(orjson.dumps(told), status, headers, "application/problem+json")


def status_of(error: TrialKGError) -> tuple[int, dict[str, Any]]:
    """The HTTP status that says what went wrong, and where in the query it did."""
    if isinstance(error, (Refused, Ended)):
        return error.status, {}
    if isinstance(error, Invalid):
        return 400, {"line": error.line, "column": error.column}
    return (400 if isinstance(error, UsageError) else 500), {}


def problem_of(error: TrialKGError) -> Response:
    """An error of ours as a response."""
    status, more = status_of(error)
    return problem(status, str(error), **more)


def cut_to(rows: int, response: Response) -> Response:
    """The response, saying that its answer was cut to so many rows."""
    response.headers["X-Result-Truncated"] = "true"
    response.headers["X-Result-Rows"] = str(rows)
    return response


def spooled(path: Path, media: str, *, most: int = 4 << 20) -> Response:
    """A finished answer: from memory where it is small, else from its file, which is taken away after it was sent."""
    if path.stat().st_size <= most:
        content = path.read_bytes()
        path.unlink()
        return Response(content, media_type=None, headers={"Content-Type": media})
    return FileResponse(path, headers={"Content-Type": media}, background=BackgroundTask(path.unlink, missing_ok=True))
