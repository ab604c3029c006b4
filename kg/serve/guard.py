"""What a query from outside must pass before the engine's parser sees it.

The engine's parser and its evaluation go down a level of their stack for each level of nesting, and a stack that overflows takes the
process with it; SERVICE and LOAD make the engine reach out by itself. Both are seen in the tokens of SPARQL 1.1 (section 19), whose
strings, IRIs and comments are passed over as the grammar has them, after escaped code points (19.2) were resolved.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from kg.errors import UsageError

#: Levels of brackets, and signs before an operand, that a query may have.
DEPTH = 128
#: Operators that the engine nests in one another: a chain of UNIONs is as deep as it is long.
CHAIN = 1_000

_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8}))")
_TOKEN = re.compile(
    r"""
    (?P<space>[\s\ufeff]++|\#[^\n\r]*+)
  | (?P<string>\"{3}(?:(?!\"{3})(?:\\.|[^\\]))*+\"{3} | '{3}(?:(?!'{3})(?:\\.|[^\\]))*+'{3}
      | "(?:\\.|[^"\\\n\r])*+" | '(?:\\.|[^'\\\n\r])*+')
  | (?P<iri><[^<>"{}|^`\\\x00-\x20]*+>)
  | (?P<name>[?$][\w·]++ | @[A-Za-z][A-Za-z0-9-]*+ | _:[\w.·-]++ | (?:[^\W\d_][\w.·-]*+)?+:(?:[\w.:·-]|%[0-9A-Fa-f]{2}|\\.)*+)
  | (?P<word>[^\W\d_]\w*+)
  | (?P<number>[0-9]++(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?)
  | (?P<sign><<|>>|&&|\|\||\^\^|[<>!]=|\\.|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_FORMS = frozenset({"SELECT", "ASK", "CONSTRUCT", "DESCRIBE"})
_CHAINED = frozenset(
    {"UNION", "OPTIONAL", "MINUS", "FILTER", "BIND", "GRAPH", "EXISTS", "VALUES", "||", "&&", "/", "|"}
)
_BEFORE_OPERAND = frozenset("!-+^")


class Token(NamedTuple):
    """A token: its kind (``string``, ``iri``, ``name``, ``word``, ``number``, ``sign``), its text, and where it begins."""

    kind: str
    text: str
    start: int


class Refused(UsageError):
    """A query that is not put to the engine; ``status`` is the HTTP status that says so."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


def resolved(text: str) -> str:
    """The text with its code points unescaped, as SPARQL does before anything else. Raises Refused for what is none."""

    def character(match: re.Match[str]) -> str:
        number = int(match[1] or match[2], 16)
        if number > 0x10FFFF or 0xD800 <= number <= 0xDFFF:
            raise Refused(f"{match[0]} is not a character")
        return chr(number)

    return _ESCAPE.sub(character, text)


def tokens(text: str) -> Iterator[Token]:
    """The tokens of a query or update, without spaces and comments; in time linear in the text."""
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or ""
        if kind != "space":
            yield Token(kind, match.group(), match.start())


class Look(NamedTuple):
    """What the tokens of a query or update tell: its form (``SELECT`` …; "" for an update) and the services that it names.

    ``services`` has None for one that is not a constant IRI."""

    form: str
    services: tuple[str | None, ...]
    loads: bool
    has_dataset: bool


def look(text: str) -> Look:
    """Look through a query or update. Raises Refused when it is nested too deeply or is no text at all."""
    plain = resolved(text)
    first = _look(plain)
    if plain == text:
        return first
    again = _look(text)  # an engine that resolves escapes later, or twice, is not to see more than we did
    return first._replace(services=first.services + again.services, loads=first.loads or again.loads)


def _look(text: str) -> Look:
    depth = run = chain = 0
    form, services, loads, has_dataset = "", [], False, False
    before = Token("", "", 0)
    prologue = True
    for token in tokens(text):
        word = token.text.upper() if token.kind == "word" else token.text if token.kind == "sign" else ""
        if before.text.upper() == "SERVICE" and before.kind == "word" and word != "SILENT":
            services.append(token.text[1:-1] if token.kind == "iri" else None)
        if word in _FORMS and prologue:
            form, prologue = word, False
        elif word in ("INSERT", "DELETE", "LOAD", "CLEAR", "DROP", "CREATE", "ADD", "MOVE", "COPY", "WITH"):
            prologue = False
        loads = loads or word == "LOAD"
        has_dataset = has_dataset or word in ("USING", "WITH")
        if word in _CHAINED:
            chain += 1
        if token.text in ("{", "(", "[", "<<"):
            depth += 1
        elif token.text in ("}", ")", "]", ">>"):
            depth -= 1
        run = run + len(token.text) if set(token.text) <= _BEFORE_OPERAND else 0
        if max(depth, run) > DEPTH:
            raise Refused(f"the query is nested more than {DEPTH} levels deep, which are all that are taken")
        if word != "SILENT":
            before = token
    if chain > CHAIN:
        raise Refused(f"the query has {chain} operators in a row; {CHAIN} are taken; list values in one VALUES instead")
    return Look(form, tuple(services), loads, has_dataset)


def check_reach(seen: Look, allowed: frozenset[str]) -> None:
    """Raise Refused when a query would reach out to anything but the services that are allowed by their exact address."""
    if seen.loads:
        raise Refused("LOAD is not allowed here: this endpoint fetches nothing; send the data with INSERT DATA", 403)
    for address in seen.services:
        if address is None:
            raise Refused("SERVICE needs the address of its endpoint as it stands, not a variable or a short name", 403)
        if address not in allowed:
            raise Refused(f"SERVICE <{address}> is not allowed here; the operator can allow it by its address", 403)
