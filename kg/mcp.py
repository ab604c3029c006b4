"""The graph as tools for assistants that bring their own language model (Model Context Protocol, over stdin and stdout).

The tools are the project's own calls: nothing is guessed here, and an assistant sees the words behind each fact as everyone does.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from kg import card, questions
from kg.english import understand
from kg.errors import TrialKGError, UsageError
from kg.graphs import Answer
from kg.mesh import MeshIndex
from kg.output import PREFIXES
from kg.serve.asked import Served

if TYPE_CHECKING:
    from mcp.server import MCPServer

P = ParamSpec("P")
R = TypeVar("R")
#: Rows that a tool gives at most, so that an answer fits where assistants read it.
ROWS = 200
_SHAPE = """SELECT ?class ?property (COUNT(*) AS ?uses) WHERE { ?s a ?class ; ?property ?o } GROUP BY ?class ?property ORDER BY ?class ?property"""


def _told(answer: Answer, is_cut: bool) -> dict[str, Any]:
    told: dict[str, Any] = {"variables": answer.variables, "rows": answer.dicts()}
    if is_cut:
        told["truncated"] = f"only the first {ROWS} rows; ask for less"
    return told


def server(graph: Served, index: MeshIndex) -> MCPServer:
    """The tools over a graph. Raises UsageError when the package ``mcp`` is not installed."""
    try:
        from mcp.server import MCPServer
        from mcp.server.mcpserver.exceptions import ToolError
    except ImportError:
        raise UsageError("trialkg mcp needs the package mcp: pip install 'trialkg[mcp]'") from None

    made = MCPServer(
        "trialkg",
        instructions=(
            "A knowledge graph of clinical trials: arms with their treatments, outcomes and computable eligibility criteria, each fact "
            "with the words it came from. Call `catalogue` to see what can be asked by name, `query` to ask it, `ask` for plain English, "
            "`show` for one trial with its evidence, `schema` and `sparql` for anything else. What a document does not say is absent: "
            "unknown is not no."
        ),
    )

    def tool(work: Callable[P, R]) -> Callable[P, R]:
        @made.tool()
        @functools.wraps(work)
        def told(*arguments: P.args, **named: P.kwargs) -> R:
            try:
                return work(*arguments, **named)
            except TrialKGError as error:
                raise ToolError(str(error)) from None

        return told

    @tool
    def catalogue() -> list[dict[str, Any]]:
        """All questions that can be asked by name, with their parameters."""
        return [
            {
                "name": one.name,
                "question": one.question,
                "parameters": {
                    name: {"means": p.description, "example": p.example, "optional": p.optional or bool(p.default)}
                    for name, p in one.parameters.items()
                },
            }
            for one in questions.questions().values()
        ]

    @tool
    def query(name: str, parameters: dict[str, str] | None = None) -> dict[str, Any]:
        """Ask a question by name. A concept is given by a name, a synonym or a MeSH identifier, and includes everything narrower."""
        sparql, notes = questions.bind(questions.question(name), parameters or {}, graph, index)
        return {**_told(*graph.cut(sparql, ROWS)), **({"notes": notes} if notes else {})}

    @tool
    def ask(text: str) -> dict[str, Any]:
        """Ask in plain English; tells which question was understood."""
        found = understand(text, graph, index)
        return {"question": found.question, "parameters": found.parameters, **query(found.question, found.parameters)}

    @tool
    def show(trial: str) -> str:
        """One trial as a card, with the words of the document behind each fact in guillemets."""
        return card.text(card.facts(graph, trial))

    @tool
    def schema() -> dict[str, Any]:
        """The prefixes, and which class has which properties how often in this graph: what SPARQL can be written against."""
        return {"prefixes": PREFIXES, **_told(*graph.cut(_SHAPE, 2_000))}

    @tool
    def sparql(text: str) -> dict[str, Any]:
        """Any SELECT or ASK query in SPARQL 1.1; the prefixes of `schema` may be left out."""
        return _told(*graph.cut(text, ROWS))

    return made
