"""The pages for people, each of which is also to be had as data: questions by name, in plain English, and the editor."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from kg import __version__, questions
from kg.answers import render
from kg.catalogue import catalogue as catalogue_of
from kg.english import understand
from kg.errors import TrialKGError, UsageError
from kg.graphs import Answer
from kg.output import PREFIXES
from kg.questions import Question
from kg.serve import media, picture, worker
from kg.serve.cells import cell
from kg.serve.guard import Refused
from kg.serve.state import State, cut_to, problem, problem_of, spooled, state, status_of

_EXAMPLES = (
    "Which trials combine imatinib with surgery?",
    "Who would accept a patient with a platelet count of 90,000?",
    "Which trials forbid prior imatinib?",
    "What doses of imatinib are given?",
    "Is imatinib given before or after surgery?",
    "What are the thresholds for neutrophils?",
)
_templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.globals["version"] = __version__
_templates.globals["cell"] = cell


def page(name: str, status: int = 200, **values: Any) -> Response:
    """A page of ``templates/``."""
    text = _templates.get_template(f"{name}.html").render(**values)
    return Response(text, status, headers={"Content-Type": "text/html; charset=utf-8"})


def wants_html(request: Request, others: list[str]) -> bool:
    """Whether a client would rather have a page than one of the other types."""
    named = request.query_params.get("format", "")
    if named:
        return named == "html"
    return media.preferred(request.headers.get("accept", ""), [*others, media.HTML]) == media.HTML


def error_page(request: Request, error: TrialKGError) -> Response:
    """An error as the client reads it: a page, or problem+json."""
    if not wants_html(request, ["application/json"]):
        return problem_of(error)
    status, _ = status_of(error)
    return page("error", status, title="That did not work", detail=str(error))


def _asked(one: Question, values: dict[str, str]) -> str:
    """The question with its values, as a sentence."""
    text = re.sub(r"\{(\w+)\}", lambda m: values.get(m[1]) or "…", one.question)
    text = re.sub(r",? (?:in|of|for|with|by|from) …(?=$|[ ?,])", "", text)
    return text[:1].upper() + text[1:]


def _chart(one: Question, answer: Answer) -> str:
    """The picture of an answer, where the question says that it has one."""
    if not one.chart or not answer.rows:
        return ""
    at = {name: answer.variables.index(name) for name in answer.variables}

    def texts(name: str) -> list[str]:
        return [cell(row[at[name]]).text for row in answer.rows]

    def numbers(name: str) -> list[float]:
        found = []
        for text in texts(name):
            try:
                found.append(float(text))
            except ValueError:
                found.append(0.0)
        return found

    kind, y = one.chart["kind"], one.chart["y"]
    if kind == "histogram":
        return picture.histogram(numbers(y), one.summary)
    if kind == "columns":
        series = texts(one.chart["series"]) if "series" in one.chart else [""] * len(answer.rows)
        return picture.columns(list(zip(texts(one.chart["x"]), series, numbers(y), strict=True)), one.summary)
    labels = list(zip(*(texts(name) for name in one.chart["x"].split("+")), strict=True))
    rows = [(" + ".join(label), value) for label, value in zip(labels, numbers(y), strict=True)]
    return picture.bars(rows[:25], one.summary)


async def home(request: Request) -> Response:
    """``/``"""
    here = state(request)
    try:
        counts = await run_in_threadpool(
            here.kept, "counts", lambda: here.graph.select(questions.question("summary").sparql).rows
        )
    except TrialKGError:
        counts = []
    shown = {cell(name).text: cell(number).text for name, number in counts}
    by_tag: dict[str, list[Question]] = {}
    for one in questions.questions().values():
        by_tag.setdefault(one.tags[0], []).append(one)
    return page("home", examples=_EXAMPLES, counts=shown, by_tag=by_tag, asked=_asked, link=_link)


def _link(one: Question) -> str:
    values = {name: p.example for name, p in one.parameters.items() if not p.optional and not p.default}
    return f"/query/{one.name}" + (f"?{urlencode(values)}" if values else "")


async def catalogue(request: Request) -> Response:
    """``/questions``: all questions with their parameters and SPARQL, as JSON, or in Turtle as sparql-examples."""
    if media.preferred(media.accepted(request), ["application/json", "text/turtle"]) == "text/turtle":
        address = str(request.url.replace(path="/sparql", query=""))
        return Response(catalogue_of(address), headers={"Content-Type": media.content_type("text/turtle")})
    return JSONResponse([msgspec.to_builtins(one) for one in questions.questions().values()])


async def ask(request: Request) -> Response:
    """``/ask?q=TEXT``: a question in plain English."""
    here, text = state(request), request.query_params.get("q", "").strip()
    if not text:
        return RedirectResponse("/", 303)
    try:
        found = await run_in_threadpool(understand, text, here.graph, here.index)
        if wants_html(request, ["application/json"]):
            return RedirectResponse(f"/query/{found.question}?{urlencode({**found.parameters, 'asked': text})}", 303)
        one = questions.question(found.question)
        sparql, _ = await run_in_threadpool(questions.bind, one, found.parameters, here.graph, here.index)
        answer, is_cut = await run_in_threadpool(here.graph.cut, sparql, here.settings.limits.rows)
    except UsageError as error:
        if wants_html(request, ["application/json"]):
            return page("error", 200, title="Not understood", detail=str(error), asked=text)
        return problem_of(error)
    except TrialKGError as error:
        return error_page(request, error)
    told = {"question": found.question, "parameters": found.parameters, "sparql": sparql, "results": answer.dicts()}
    return JSONResponse(told, headers={"X-Result-Truncated": "true"} if is_cut else {})


async def query(request: Request) -> Response:
    """``/query/NAME?parameter=value``: a question by name, as a page, or as a table in any format of results."""
    here = state(request)
    try:
        one = questions.question(request.path_params["name"])
    except UsageError as error:
        return (
            page("error", 404, title="No such question", detail=str(error))
            if wants_html(request, ["application/json"])
            else problem(404, str(error))
        )
    given = dict(request.query_params)
    values = {name: given[name] for name in one.parameters if given.get(name)}
    known = {"asked", "format", "spreadsheet"}
    try:
        if unknown := sorted(set(given) - set(one.parameters) - known):
            raise UsageError(
                f"{unknown[0]}: the question {one.name} has no such parameter; it has: {', '.join(one.parameters) or 'none'}"
            )
        sparql, notes = await run_in_threadpool(questions.bind, one, values, here.graph, here.index)
        if wants_html(request, list(media.TABLES)):
            return await _answer_page(here, one, values, sparql, notes, given.get("asked", ""))
        chosen = media.preferred(media.accepted(request), list(media.TABLES))
        if chosen is None:
            return problem(406, f"an answer can be had as {', '.join(media.TABLES)}")
        return await _answer(here, sparql, chosen, for_spreadsheet="spreadsheet" in given, name=one.name)
    except TrialKGError as error:
        return error_page(request, error)


async def _answer(here: State, sparql: str, chosen: str, *, for_spreadsheet: bool, name: str) -> Response:
    if for_spreadsheet:
        answer, is_cut = await run_in_threadpool(here.graph.cut, sparql, here.settings.limits.rows)
        headers = {
            "Content-Type": media.content_type("text/csv"),
            "Content-Disposition": f'attachment; filename="{name}.csv"',
        }
        response = Response(render(answer, "csv", for_spreadsheet=True), headers=headers)
    else:
        asked = worker.Request(
            sparql, table=media.TABLES[chosen], rows=here.settings.limits.rows, size=here.settings.limits.size
        )
        reply, out = await run_in_threadpool(here.graph.run, asked)
        response, is_cut = spooled(out, media.content_type(chosen)), reply.truncated
    return cut_to(here.settings.limits.rows, response) if is_cut else response


async def _answer_page(
    here: State, one: Question, values: dict[str, str], sparql: str, notes: list[str], asked: str
) -> Response:
    most = here.settings.page_rows
    answer, is_cut = await run_in_threadpool(here.graph.cut, sparql, most)
    filled = {name: p.default for name, p in one.parameters.items() if p.default} | values
    return page(
        "answer",
        one=one,
        values=filled,
        title=_asked(one, filled),
        asked=asked,
        notes=notes,
        answer=answer,
        is_cut=is_cut,
        most=most,
        sparql=sparql,
        chart=_chart(one, answer),
        data=f"/query/{one.name}?{urlencode(values)}{'&' if values else ''}format=",
        editor=f"/editor#query={_fragment(sparql)}",
    )


def _fragment(text: str) -> str:
    return quote(text, safe="")


async def editor(request: Request) -> Response:
    """``/editor``: the SPARQL editor."""
    return page("editor")


async def complete(request: Request) -> Response:
    """``/complete?kind=class|property``: what the data has, for the editor's completion."""
    here, kind = state(request), request.query_params.get("kind", "")
    patterns = {"class": "SELECT DISTINCT ?x WHERE { ?s a ?x }", "property": "SELECT DISTINCT ?x WHERE { ?s ?x ?o }"}
    try:
        if kind not in patterns:
            raise Refused("kind is class or property")
        answer = await run_in_threadpool(here.kept, f"complete {kind}", lambda: here.graph.select(patterns[kind]))
    except TrialKGError as error:
        return problem_of(error)
    return JSONResponse({"prefixes": PREFIXES, "found": sorted(row[0].value for row in answer.rows if row[0])})


async def not_found(request: Request, error: Exception) -> Response:
    """A path that there is not."""
    detail = f"{request.url.path}: there is nothing of that name here"
    if wants_html(request, ["application/json"]):
        return page("error", 404, title="Not found", detail=detail)
    return problem(404, detail)


async def not_allowed(request: Request, error: Exception) -> Response:
    """A method that a path does not take."""
    response = problem(405, f"{request.url.path} does not take {request.method}")
    response.headers["Allow"] = dict(getattr(error, "headers", None) or {}).get("Allow", "GET, HEAD")
    return response


async def failed(request: Request, error: Exception) -> Response:
    """A fault of the server's own: its words stay here."""
    return problem(500, "an error of this server; its operator finds it in the log")


def routes() -> list[Route]:
    """The routes of the pages."""
    return [
        Route("/", home),
        Route("/ask", ask),
        Route("/questions", catalogue),
        Route("/query/{name}", query),
        Route("/editor", editor),
        Route("/complete", complete),
    ]
