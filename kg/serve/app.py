"""The server: its routes, the headers of every response, and how it starts and stops."""

from __future__ import annotations

import contextlib
import ipaddress
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterable, Iterator
from pathlib import Path
from typing import Any

import anyio.to_thread
import pyoxigraph as ox
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kg.errors import UsageError
from kg.graphs import formats
from kg.mesh import MeshIndex, builtin
from kg.serve import describe, endpoint, pages, resources
from kg.serve.asked import Served
from kg.serve.pool import Pool
from kg.serve.state import Settings, State, problem

_HERE = Path(__file__).parent
_POLICY = (
    "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'none'; "
    "frame-ancestors 'none'; form-action 'self'"
)
#: What pages of other origins may read.
_OPEN = ("/sparql", "/graphs", "/query/", "/ask", "/questions", "/.well-known/", "/trial/")


class _Manners:
    """Headers that every response has, answers that have not changed, names that the server may be called by."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        here: State = scope["app"].state.kg
        hosts = here.settings.hosts
        if hosts and _name(request.headers.get("host", "")) not in hosts:
            await problem(403, "the server is not to be called by this name")(scope, receive, send)
            return
        path = request.url.path
        is_open = path.startswith(_OPEN) and "authorization" not in request.headers
        if request.method == "OPTIONS" and is_open:
            allowed = {
                "Access-Control-Allow-Origin": "*",
                "Access-Control-Allow-Methods": "GET, HEAD, POST",
                "Access-Control-Allow-Headers": "Accept, Content-Type",
                "Access-Control-Max-Age": "86400",
            }
            await Response(status_code=204, headers=allowed)(scope, receive, send)
            return
        is_read = request.method in ("GET", "HEAD")
        etag = here.etag() if is_read and not path.startswith(("/static/", "/queries", "/health")) else ""
        if etag and etag in request.headers.get("if-none-match", ""):
            await Response(status_code=304, headers={"ETag": etag, "Vary": "Accept"})(scope, receive, send)
            return

        async def send_with(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("Content-Security-Policy", _POLICY)
                headers["X-Content-Type-Options"] = "nosniff"
                headers["Referrer-Policy"] = "no-referrer"
                headers.add_vary_header("Accept")
                if etag and message["status"] == 200:
                    headers["ETag"] = etag
                    headers.setdefault("Cache-Control", "no-cache")
                if is_open and message["status"] != 204:
                    headers["Access-Control-Allow-Origin"] = "*"
                    headers["Access-Control-Expose-Headers"] = "X-Result-Truncated, X-Result-Rows"
            await send(message)

        await self._app(scope, receive, send_with)


def _name(host: str) -> str:
    """The name in a Host header, without the port."""
    return host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host


def application(pool: Pool, *, index: MeshIndex | None = None, settings: Settings | None = None) -> Starlette:
    """The server over the store of a pool, as an ASGI application. It does not close the pool."""
    chosen = settings or Settings(limits=pool.limits)
    every = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]

    @contextlib.asynccontextmanager
    async def life(_: Starlette) -> AsyncIterator[None]:
        anyio.to_thread.current_default_thread_limiter().total_tokens = pool.limits.waiting + pool.limits.workers
        yield

    app = Starlette(
        routes=[
            Route("/sparql", endpoint.sparql, methods=every),
            Route("/sparql/", endpoint.sparql, methods=every),
            Route("/graphs", endpoint.graphs, methods=every),
            Route("/queries", endpoint.running),
            Route("/queries/{number:int}", endpoint.running, methods=["DELETE"]),
            Route("/health", endpoint.health),
            Route("/.well-known/void", describe.void),
            *pages.routes(),
            Mount("/static", StaticFiles(directory=_HERE / "static")),
            *resources.routes(),
        ],
        middleware=[Middleware(_Manners), Middleware(GZipMiddleware, minimum_size=2000)],
        exception_handlers={404: pages.not_found, 405: pages.not_allowed, 500: pages.failed},
        lifespan=life,
    )
    app.state.kg = State(Served(pool, chosen.services), index or builtin(), chosen)
    return app


@contextlib.contextmanager
def store_of(files: Iterable[str | Path]) -> Iterator[Path]:
    """A store of files of statements, or the store itself where its folder is given. Raises UsageError."""
    paths = [Path(f) for f in files]
    if len(paths) == 1 and paths[0].is_dir():
        yield paths[0]
        return
    folder = Path(tempfile.mkdtemp(prefix="trialkg-store-"))
    try:
        store = ox.Store(str(folder / "store"))
        for path in paths:
            form, opened = formats(path)
            with opened as file:
                try:
                    store.bulk_load(file, format=form)
                except (OSError, SyntaxError, ValueError, EOFError) as error:
                    raise UsageError(f"{path}: cannot be loaded: {error}") from error
        store.flush()
        del store
        yield folder / "store"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def is_loopback(host: str) -> bool:
    """Whether a host can be reached from this machine only."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def serve(
    files: Iterable[str | Path],
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    index: MeshIndex | None = None,
    settings: Settings | None = None,
) -> None:
    """Serve files of statements or a store until it is interrupted. Raises UsageError for what cannot be served."""
    import uvicorn

    chosen = settings or Settings()
    if is_loopback(host) and not chosen.hosts:
        import msgspec

        chosen = msgspec.structs.replace(chosen, hosts=frozenset({"127.0.0.1", "localhost", "[::1]", host}))
    with store_of(files) as folder:
        pool = Pool(folder, chosen.limits, network=bool(chosen.services))
        try:
            config: dict[str, Any] = {"log_level": "warning", "server_header": False, "timeout_graceful_shutdown": 5}
            uvicorn.run(application(pool, index=index, settings=chosen), host=host, port=port, **config)
        finally:
            pool.close()
