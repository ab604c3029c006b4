"""Media types of answers, and which of them a client prefers (RFC 9110, section 12.5.1)."""

from __future__ import annotations

from starlette.requests import Request
from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header

#: Formats of tables and of graphs by their media types, the one to be given where all are alike first.
TABLES = {
    "application/sparql-results+json": "json",
    "application/json": "json",
    "application/sparql-results+xml": "xml",
    "application/xml": "xml",
    "text/xml": "xml",
    "text/csv": "csv",
    "text/tab-separated-values": "tsv",
}
GRAPHS = {
    "text/turtle": "turtle",
    "application/n-triples": "ntriples",
    "text/plain": "ntriples",
    "application/ld+json": "jsonld",
    "application/json": "jsonld",
    "application/rdf+xml": "rdfxml",
    "application/xml": "rdfxml",
}
HTML = "text/html"
#: Short names that ``?format=`` takes.
NAMES = {
    "json": "application/sparql-results+json",
    "xml": "application/sparql-results+xml",
    "csv": "text/csv",
    "tsv": "text/tab-separated-values",
    "turtle": "text/turtle",
    "ttl": "text/turtle",
    "nt": "application/n-triples",
    "jsonld": "application/ld+json",
    "rdf": "application/rdf+xml",
    "html": HTML,
}
_WITH_CHARSET = ("text/",)


def preferred(accept: str, offered: list[str]) -> str | None:
    """The offered type that a client prefers; the first where all are alike; None where it takes none of them."""
    if not accept.strip():
        return offered[0]
    return parse_accept_header(accept, MIMEAccept).best_match(offered)


def accepted(request: Request) -> str:
    """What a request wants: the type that ``?format=`` names, else its Accept header."""
    return NAMES.get(request.query_params.get("format", ""), request.headers.get("accept", ""))


def content_type(media: str) -> str:
    """A media type as a header says it."""
    if media == "text/csv":
        return "text/csv; charset=utf-8; header=present"
    return f"{media}; charset=utf-8" if media.startswith(_WITH_CHARSET) else media
