"""What a question is put to: a graph in memory, an on-disk store, rdflib, or any SPARQL endpoint. One face for all.

Queries read the union of all named graphs, as the files without named graphs have it.
"""

from __future__ import annotations

import datetime
import gzip
import importlib
import re
import time
import urllib.error
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any, NamedTuple, Protocol, cast

import pyoxigraph as ox

from kg.errors import TrialKGError, UsageError

_FORMATS = {
    "ttl": ox.RdfFormat.TURTLE,
    "nt": ox.RdfFormat.N_TRIPLES,
    "nq": ox.RdfFormat.N_QUADS,
    "trig": ox.RdfFormat.TRIG,
    "jsonld": ox.RdfFormat.JSON_LD,
    "rdf": ox.RdfFormat.RDF_XML,
}


#: Seconds between the attempts to open a store.
_WAITS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
#: How often a folder that seems to hold no store is looked at once more.
_LOOKS = 3
_LEADING_COMMENTS = re.compile(r"\A(?:[ \t]*(?:#[^\n]*)?\n)+")


class Term(NamedTuple):
    """A value in an answer: its text, ``uri``, ``literal`` or ``bnode``, and a literal's datatype or language."""

    value: str
    kind: str
    datatype: str = ""
    language: str = ""


def _value(term: Term | None) -> Any:
    """A term as a value of Python."""
    if term is None:
        return None
    kind = term.datatype.rsplit("#", 1)[-1]
    try:
        if kind in ("integer", "int", "long", "nonNegativeInteger", "positiveInteger"):
            return int(term.value)
        if kind in ("decimal", "double", "float"):
            return float(term.value)
        if kind == "date":
            return datetime.date.fromisoformat(term.value)
    except ValueError:
        return term.value
    return term.value == "true" if kind == "boolean" else term.value


def _installed(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        raise UsageError(f"{name} is not installed: pip install {name}") from None


class Answer(NamedTuple):
    """The answer to a SELECT query: the variables, and a row of terms (None where unbound) for each solution."""

    variables: list[str]
    rows: list[list[Term | None]]

    def dicts(self) -> list[dict[str, str | None]]:
        """The rows as dictionaries of plain text."""
        return [{v: t.value if t else None for v, t in zip(self.variables, row, strict=True)} for row in self.rows]

    def columns(self) -> dict[str, list[Any]]:
        """The values by variable: numbers, booleans and days as those of Python, everything else as text, None where unbound."""
        return {v: [_value(row[n]) for row in self.rows] for n, v in enumerate(self.variables)}

    def polars(self) -> Any:
        """The answer as a ``polars.DataFrame``. Raises UsageError when polars is not installed."""
        return _installed("polars").DataFrame(self.columns(), strict=False)

    def pandas(self) -> Any:
        """The answer as a ``pandas.DataFrame``. Raises UsageError when pandas is not installed."""
        return _installed("pandas").DataFrame(self.columns())


class Graph(Protocol):
    """Anything that answers SPARQL."""

    def select(self, sparql: str) -> Answer:
        """The answer to a SELECT or ASK query (the latter as one row with one boolean)."""
        ...

    def construct(self, sparql: str) -> str:
        """The graph of a CONSTRUCT or DESCRIBE query as N-Triples."""
        ...


def _boolean(value: Any) -> Answer:
    """The answer to an ASK query."""
    return Answer(
        ["answer"], [[Term("true" if value else "false", "literal", "http://www.w3.org/2001/XMLSchema#boolean")]]
    )


def answer_of_json(data: Any) -> Answer:
    """The answer that a document of the SPARQL 1.1 Query Results JSON Format, already parsed, holds."""
    if "boolean" in data:
        return _boolean(data["boolean"])
    variables: list[str] = data["head"]["vars"]

    def convert(cell: dict[str, str] | None) -> Term | None:
        if cell is None:
            return None
        kind = "literal" if cell["type"] == "typed-literal" else cell["type"]
        datatype = "" if "xml:lang" in cell else cell.get("datatype", "http://www.w3.org/2001/XMLSchema#string")
        return Term(cell["value"], kind, datatype if kind == "literal" else "", cell.get("xml:lang", ""))

    return Answer(variables, [[convert(b.get(v)) for v in variables] for b in data["results"]["bindings"]])


def _suffix(file: Path) -> str:
    return file.name.removesuffix(".gz").rsplit(".", 1)[-1]


def formats(file: Path) -> tuple[ox.RdfFormat, IO[bytes]]:
    """The form of a file of statements, and the file opened for reading, unpacked where it is .gz. Raises UsageError."""
    form = _FORMATS.get(_suffix(file))
    if form is None:
        raise UsageError(f"{file}: is not .ttl, .nt, .nq, .trig, .jsonld or .rdf, so its form is not known")
    try:
        return form, cast(IO[bytes], gzip.open(file, "rb")) if file.suffix == ".gz" else file.open("rb")
    except FileNotFoundError:
        raise UsageError(f"{file}: there is no such file") from None


def _content(file: Path) -> bytes:
    """The bytes of a file, unpacked where it is .gz. Raises UsageError when there is none."""
    try:
        with gzip.open(file, "rb") if file.suffix == ".gz" else file.open("rb") as opened:
            return opened.read()
    except FileNotFoundError:
        raise UsageError(f"{file}: there is no such file") from None


def _term(term: Any) -> Term | None:
    if term is None:
        return None
    if isinstance(term, ox.Literal):
        return Term(term.value, "literal", term.datatype.value if not term.language else "", term.language or "")
    if isinstance(term, ox.NamedNode):
        return Term(term.value, "uri")
    return Term(term.value, "bnode")


def opened(folder: Path) -> ox.Store:
    """A store for reading, all of it of one build; tried again where another takes its place meanwhile.

    Once it is open it stays as it is, whatever becomes of the folder. Raises UsageError when the folder holds no store.
    """
    for number, wait in enumerate((*_WAITS, None)):
        try:
            before = (folder / "CURRENT").stat().st_ino
            store = ox.Store.read_only(str(folder))
            if (folder / "CURRENT").stat().st_ino == before:
                return store
            reason = "it is being changed all the time"
        except FileNotFoundError:
            reason = ""
        except (OSError, RuntimeError) as error:
            reason = str(error)
        made = folder.with_name(f"{folder.name}.manifest.json").exists()
        changing = number < _LOOKS and folder.is_dir()  # the old one may just have been taken away from under the look
        if wait is None or not (reason or made or changing):
            break
        time.sleep(wait)
    if reason:
        raise UsageError(f"{folder}: cannot be opened: {reason}")
    raise UsageError(f"{folder}: is not a store; make one with: trialkg build PATH... -o {folder}/")


class OxigraphGraph:
    """A pyoxigraph store, in memory or on disk."""

    def __init__(self, store: ox.Store) -> None:
        self._store = store

    @classmethod
    def of_files(cls, files: Iterable[Path]) -> OxigraphGraph:
        """The union of some files in memory. Raises UsageError naming a file that cannot be read."""
        store = ox.Store()
        for file in files:
            form = _FORMATS.get(_suffix(file))
            if form is None:
                raise UsageError(f"{file}: is not .ttl, .nt, .nq, .trig, .jsonld or .rdf, so its form is not known")
            try:
                store.bulk_load(_content(file), format=form)
            except (OSError, SyntaxError, ValueError, EOFError) as error:
                raise UsageError(f"{file}: cannot be loaded: {error}") from error
        return cls(store)

    @classmethod
    def of_store(cls, folder: Path) -> OxigraphGraph:
        """An on-disk store, opened for reading. Raises UsageError when the folder holds none."""
        return cls(opened(folder))

    def _query(self, sparql: str) -> Any:
        try:
            return self._store.query(sparql, use_default_graph_as_union=True)
        except SyntaxError as error:
            raise UsageError(f"the query is not SPARQL 1.1: {error}") from error
        except (OSError, RuntimeError, ValueError) as error:
            raise TrialKGError(f"the query failed: {error}") from error

    def select(self, sparql: str) -> Answer:
        result = self._query(sparql)
        if isinstance(result, ox.QueryBoolean):
            return _boolean(bool(result))
        if not isinstance(result, ox.QuerySolutions):
            raise UsageError("the query makes a graph, not a table; ask for it with --format nt")
        variables = [v.value for v in result.variables]
        return Answer(variables, [[_term(solution[v]) for v in variables] for solution in result])

    def construct(self, sparql: str) -> str:
        result = self._query(sparql)
        if not isinstance(result, ox.QueryTriples):
            raise UsageError("the query makes a table, not a graph")
        return "".join(sorted(f"{triple} .\n" for triple in result))


class RdflibGraph:
    """An rdflib graph or dataset: slower, and at home in people's notebooks."""

    def __init__(self, graph: Any) -> None:
        import rdflib.plugins.sparql

        rdflib.plugins.sparql.SPARQL_LOAD_GRAPHS = False  # FROM would otherwise read local files and the network
        self._graph = graph

    @classmethod
    def of_files(cls, files: Iterable[Path]) -> RdflibGraph:
        """The union of some files. Raises UsageError naming a file that cannot be read."""
        import rdflib

        graph = rdflib.Dataset(default_union=True)
        for file in files:
            form = {"ttl": "turtle", "nt": "nt", "nq": "nquads", "trig": "trig", "jsonld": "json-ld"}.get(_suffix(file))
            try:
                target = graph if form in ("nquads", "trig", "json-ld") else graph.default_graph
                target.parse(data=_content(file), format=form)
            except UsageError:
                raise
            except Exception as error:  # rdflib's parsers raise many kinds
                raise UsageError(f"{file}: cannot be loaded: {error}") from error
        return cls(graph)

    def _query(self, sparql: str) -> Any:
        try:
            return self._graph.query(sparql)
        except Exception as error:  # pyparsing's and rdflib's own, without a common base
            raise UsageError(f"the query is not SPARQL 1.1: {error}") from error

    def select(self, sparql: str) -> Answer:
        import rdflib

        result = self._query(sparql)
        if result.type == "ASK":
            return _boolean(result.askAnswer)
        variables = [str(v) for v in result.vars]

        def convert(term: Any) -> Term | None:
            if term is None:
                return None
            if isinstance(term, rdflib.Literal):
                datatype = "" if term.language else str(term.datatype or rdflib.XSD.string)
                return Term(str(term), "literal", datatype, term.language or "")
            return Term(str(term), "uri" if isinstance(term, rdflib.URIRef) else "bnode")

        return Answer(variables, [[convert(row[v]) for v in result.vars] for row in result])

    def construct(self, sparql: str) -> str:
        text: str = self._query(sparql).graph.serialize(format="nt")
        return "".join(sorted(line + "\n" for line in text.splitlines() if line))


def web_address(text: str) -> str:
    """The address, when it is one of the web. Raises UsageError otherwise."""
    if not text.startswith(("http://", "https://")):
        raise UsageError(f"{text}: an address begins with http:// or https://")
    return text


def _is_part(headers: dict[str, str]) -> str:
    """Why a response is only a part of the answer; "" when it is whole. By the headers of Virtuoso and of our own server."""
    if headers.get("x-sql-state", "").startswith("S1TAT"):
        return "its time limit"
    if "x-sparql-maxrows" in headers:
        return f"its limit of {headers['x-sparql-maxrows']} rows"
    if headers.get("x-result-truncated") == "true":
        return f"its limit of {headers.get('x-result-rows', 'some')} rows"
    return ""


def as_rdflib(graph: Graph, sparql: str = "CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }") -> Any:
    """The graph that a CONSTRUCT or DESCRIBE query makes (the whole, unless one is given) as an ``rdflib.Graph``."""
    import rdflib

    made = rdflib.Graph()
    made.parse(data=graph.construct(sparql), format="nt")
    return made


class EndpointGraph:
    """A SPARQL 1.1 endpoint somewhere, through SPARQLWrapper."""

    def __init__(self, url: str, timeout: int = 60, waits: tuple[float, ...] = (0.5, 2.0)) -> None:
        """``timeout`` in seconds; ``waits``: the seconds before each further try when the endpoint is busy."""
        from SPARQLWrapper import SPARQLWrapper

        self._waits = waits

        self._url = web_address(url)
        self._client = SPARQLWrapper(url, agent="trialkg")
        self._client.setTimeout(timeout)
        self._client.setMethod("POST")

    def _ask(self, sparql: str, form: str) -> Any:
        self._client.setQuery(
            _LEADING_COMMENTS.sub("", sparql)
        )  # SPARQLWrapper takes their words for those of the query
        self._client.setReturnFormat(form)
        try:
            response = self._patiently()
            headers = {k.lower(): v for k, v in response.info().items()}
            if reason := _is_part(headers):
                raise TrialKGError(f"{self._url}: gave a part of the answer only ({reason}); narrow the question")
            return response.convert()
        except TrialKGError:
            raise
        except Exception as error:  # urllib's, SPARQLWrapper's and the JSON parser's
            reason = " ".join(str(error).split())[:300]
            raise TrialKGError(f"{self._url}: did not answer: {reason}") from error

    def _patiently(self) -> Any:
        """The response; asked for again, after the time that the endpoint wants, when it says that it is busy."""
        for wait in (*self._waits, None):
            try:
                return self._client.query()
            except urllib.error.HTTPError as error:
                if wait is None or error.code not in (429, 502, 503, 504):
                    raise
                told = error.headers.get("Retry-After", "")
                time.sleep(min(30.0, float(told)) if told.isdigit() else wait)
            except urllib.error.URLError as error:
                if wait is None or isinstance(error.reason, TimeoutError):
                    raise
                time.sleep(wait)
        raise AssertionError("the last try returns or raises")

    def select(self, sparql: str) -> Answer:
        return answer_of_json(self._ask(sparql, "json"))

    def construct(self, sparql: str) -> str:
        graph = self._ask(sparql, "turtle")
        triples = ox.parse(graph, format=ox.RdfFormat.TURTLE)
        return "".join(sorted(f"{q.triple} .\n" for q in triples))


def open_graph(
    files: Iterable[str | Path] = (),
    *,
    store: str | Path | None = None,
    endpoint: str | None = None,
    engine: str = "oxigraph",
) -> Graph:
    """The graph that the arguments name: files, an on-disk store or an endpoint.

    ``engine`` (``oxigraph`` or ``rdflib``) says what loads files. Raises UsageError when nothing or too much is named.
    """
    paths = [Path(f) for f in files]
    folders = [p for p in paths if p.is_dir()]
    if sum((bool(paths), store is not None, endpoint is not None)) != 1:
        raise UsageError("name what to ask, one of: --graph FILE..., --store FOLDER, --endpoint URL")
    if endpoint is not None:
        return EndpointGraph(endpoint)
    if store is not None:
        return OxigraphGraph.of_store(Path(store))
    if len(folders) == len(paths) == 1:
        return OxigraphGraph.of_store(folders[0])
    if engine == "rdflib":
        return RdflibGraph.of_files(paths)
    if engine != "oxigraph":
        raise UsageError(f"{engine}: the engine is oxigraph or rdflib")
    return OxigraphGraph.of_files(paths)
