"""The tools for assistants, over stdin and stdout as an assistant starts them."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import anyio
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client

from kg.questions import questions


def _calls(file: Path, calls: list[tuple[str, dict[str, Any]]]) -> tuple[list[str], list[Any]]:
    """The names of the tools, and what each call gave (the text of an error where it failed)."""

    async def talk() -> tuple[list[str], list[Any]]:
        start = StdioServerParameters(command=sys.executable, args=["-m", "kg", "mcp", str(file)])
        async with stdio_client(start) as (read, write), ClientSession(read, write) as session:
            await session.initialize()
            names = [tool.name for tool in (await session.list_tools()).tools]
            given = []
            for name, arguments in calls:
                result = await session.call_tool(name, arguments)
                given.append(result.content[0].text if result.is_error else result.structured_content)
            return names, given

    return anyio.run(talk)


def test_the_tools(examples_ttl: Path) -> None:
    names, given = _calls(
        examples_ttl,
        [
            ("catalogue", {}),
            ("query", {"name": "combine", "parameters": {"a": "imatinib", "b": "surgery"}}),
            ("ask", {"text": "which trials combine imatinib with surgery"}),
            ("show", {"trial": "NCT01267695"}),
            ("schema", {}),
            ("sparql", {"text": "SELECT (COUNT(*) AS ?n) { ?t a tk:Trial }"}),
            ("query", {"name": "nope"}),
            ("sparql", {"text": "SELECT * { SERVICE <http://127.0.0.1/> { ?s ?p ?o } }"}),
            ("sparql", {"text": "SELECT ?s { ?s ?p ?o }"}),
        ],
    )
    assert set(names) == {"catalogue", "query", "ask", "show", "schema", "sparql"}
    listed, combined, asked, shown, schema, counted, unknown, reaching, many = given
    assert len(listed["result"]) == len(questions())
    assert len(combined["rows"]) == 4
    assert asked["question"] == "combine"
    assert asked["rows"] == combined["rows"]
    assert "«Phase 2»" in shown["result"]
    assert "tk" in schema["prefixes"]
    assert any(row["property"].endswith("hasTreatment") for row in schema["rows"])
    assert counted["rows"] == [{"n": "9"}]
    assert "no question of that name" in unknown
    assert "not allowed" in reaching
    assert "truncated" in many
    json.dumps(given)
