"""Requests of the SPARQL 1.1 Protocol (https://www.w3.org/TR/sparql11-protocol/): what is asked, of which dataset."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import parse_qsl

import pyoxigraph as ox
from starlette.requests import Request

from kg.serve.guard import Refused, Token, resolved, tokens

_FORM = "application/x-www-form-urlencoded"
_QUERY = "application/sparql-query"
_UPDATE = "application/sparql-update"
#: Bytes of a request's body.
BODY = 4 << 20


class Operation(NamedTuple):
    """A query or an update; ``default`` and ``named`` are None unless the request names a dataset."""

    text: str
    is_update: bool
    default: list[str] | None
    named: list[str] | None
    parameters: dict[str, str]


def _pairs(text: bytes | str) -> list[tuple[str, str]]:
    raw = text.decode("ascii", "strict") if isinstance(text, bytes) else text
    return parse_qsl(raw, keep_blank_values=True, encoding="utf-8", errors="strict", max_num_fields=500)


async def body(request: Request, most: int = BODY) -> bytes:
    """The body of a request. Raises Refused when it is too large, or packed."""
    if request.headers.get("content-encoding", "identity") != "identity":
        raise Refused("a packed body is not taken; send it as it is", 415)
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > most:
            raise Refused(f"the request is larger than {most >> 20} MB", 413)
        parts.append(part)
    return b"".join(parts)


def _media(request: Request) -> str:
    media, *parameters = [part.strip() for part in request.headers.get("content-type", "").split(";")]
    for one in parameters:
        name, _, value = one.partition("=")
        if name.strip().lower() == "charset" and value.strip(" \"'").lower() not in ("utf-8", "utf8"):
            raise Refused(f"the body must be UTF-8, not {value}", 415)
    return media.lower()


async def read(request: Request) -> Operation | None:
    """The operation that a request asks for; None for a GET that asks for nothing (the service description).

    Raises Refused for what the protocol does not allow.
    """
    try:
        pairs = _pairs(request.url.query)
        if request.method == "POST":
            media, data = _media(request), await body(request)
            if media == _FORM:
                pairs += _pairs(data)
            elif media in (_QUERY, _UPDATE):
                pairs.append(("query" if media == _QUERY else "update", data.decode("utf-8")))
            else:
                raise Refused(f"a POST is {_FORM}, {_QUERY} or {_UPDATE}, not {media or 'of no type'}", 415)
    except UnicodeError:
        raise Refused("the request is not UTF-8") from None
    except ValueError as error:
        raise Refused(f"the request cannot be read: {error}") from None
    asked = [(name, value) for name, value in pairs if name in ("query", "update")]
    if not asked and request.method == "GET":
        return None
    if len(asked) != 1:
        raise Refused(f"a request has one query or one update; this one has {len(asked)}")
    name, text = asked[0]
    if name == "update" and request.method == "GET":
        raise Refused("an update is sent by POST", 405)
    version = dict(pairs).get("version", "1.1")
    if version not in ("1.0", "1.1", "1.2", "1.2-basic"):
        raise Refused(f"version {version} of SPARQL is not known here")
    prefix = (
        ("using-graph-uri", "using-named-graph-uri") if name == "update" else ("default-graph-uri", "named-graph-uri")
    )
    default, named = ([_graph(v) for n, v in pairs if n == wanted] for wanted in prefix)
    has_dataset = bool(default or named)
    return Operation(
        text, name == "update", default if has_dataset else None, named if has_dataset else None, dict(pairs)
    )


def _graph(name: str) -> str:
    try:
        return ox.NamedNode(name).value
    except ValueError:
        raise Refused(f"{name[:100]}: is not the IRI of a graph") from None


def with_dataset(text: str, default: Sequence[str], named: Sequence[str]) -> str:
    """An update whose operations use a dataset (section 2.2.3): a USING clause before each WHERE that has none.

    Raises Refused when the update says its dataset itself.
    """
    text = resolved(text)
    using = " ".join(
        [*(f"USING {ox.NamedNode(g)}" for g in default), *(f"USING NAMED {ox.NamedNode(g)}" for g in named)]
    )
    parts: list[str] = []
    position = depth = 0
    before = Token("", "", 0)
    short = None
    for token in tokens(text):
        word = token.text.upper() if token.kind == "word" else ""
        if word in ("USING", "WITH") and depth == 0:
            raise Refused(
                "the update says its dataset by USING or WITH; leave out using-graph-uri and using-named-graph-uri"
            )
        if word == "WHERE" and depth == 0:
            if before.text.upper() == "DELETE":
                short = token.start
            else:
                parts += [text[position : token.start], using, " "]
                position = token.start
        depth += {"{": 1, "}": -1}.get(token.text, 0) if token.kind == "sign" else 0
        if short is not None and depth == 0 and token.text == "}":
            pattern = text[short + len("WHERE") : token.start + 1]
            parts += [text[position:short], pattern, " ", using, " WHERE ", pattern]
            position, short = token.start + 1, None
        before = token
    return "".join([*parts, text[position:]])
