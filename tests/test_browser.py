"""The pages as people use them, in headless Chromium: ask, refine, open a trial, see the words behind a fact, run SPARQL."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyoxigraph as ox
import pytest

from conftest import SHARED, program, require
from kg import iri
from kg.graphs import OxigraphGraph
from tests_support import running

_FLAGS = "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    path = program("chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=_FLAGS.split())
        yield started
        started.close()


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """A page; at the end nothing went wrong on it, and it asked nobody but its own server."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    one = context.new_page()
    faults: list[str] = []
    hosts: set[str] = set()
    one.on("pageerror", lambda error: faults.append(str(error)))
    one.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    one.on("request", lambda request: hosts.add(request.url.split("/")[2]) if request.url.startswith("http") else None)
    one.on("dialog", lambda dialog: (faults.append("a dialog"), dialog.dismiss()))
    yield one
    context.close()
    assert not faults
    assert len(hosts) <= 1


@pytest.fixture(scope="module")
def address(examples_ttl: Path) -> Iterator[str]:
    with running(examples_ttl) as found:
        yield found


def test_ask_refine_open_and_see_the_evidence(page: Any, address: str, examples: OxigraphGraph) -> None:
    page.goto(address)
    page.fill("#ask", "which trials combine imatinib with surgery")
    page.keyboard.press("Enter")
    page.wait_for_url("**/query/combine**")
    assert "understood as combine" in page.inner_text(".understood")
    assert page.locator("tbody tr").count() == 4
    page.fill("#p-b", "placebo")
    page.get_by_role("button", name="Ask again").click()
    page.wait_for_url("**b=placebo**")
    page.go_back()
    page.get_by_role("link", name="NCT01267695").click()
    page.wait_for_url("**/trial/NCT01267695")
    assert page.locator("div.arm").count() == 1
    assert page.locator("div.arm li").count() == 3
    line = page.locator(".criteria li", has_text="Platelet count").first
    line.locator("a.why").click()
    marked = "".join(page.locator(".piece.hit").all_inner_texts())
    assert marked == "Platelet count > 100,000/mm3"
    assert page.locator(".piece.hit").first.is_visible()
    box = page.locator(".source").first.bounding_box()
    spot = page.locator(".piece.hit").first.bounding_box()
    assert box["y"] <= spot["y"] <= box["y"] + box["height"]


def test_each_mark_leads_to_the_words_of_the_graph(page: Any, address: str, examples: OxigraphGraph) -> None:
    page.goto(f"{address}/trial/NCT01267695")
    quotes = {
        row[0].value
        for row in examples.select(f"SELECT DISTINCT ?q {{ ?e <{iri.TK}quote> ?q }}").rows
        if row[0] is not None
    }
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    for mark in page.locator("a.why").all():
        mark.click()
        marked = page.locator(".piece.hit").all_inner_texts()
        assert marked
        title = mark.get_attribute("title")
        assert all(part in {" ".join(q.split()) for q in quotes} for part in title.split(" … ")), title


def test_the_keyboard_is_enough(page: Any, address: str) -> None:
    page.goto(f"{address}/trial/NCT01267695")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "To the content"
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.classList.contains('why')"):
            break
    page.keyboard.press("Enter")
    assert page.locator(".piece.hit").count() >= 1
    for place in ("/", "/query/combine?a=imatinib&b=surgery", "/trial/NCT01267695", "/editor"):
        page.goto(address + place)
        unnamed = page.evaluate(
            "[...document.querySelectorAll('main input, main button, main a, main svg')].filter(e => !e.closest('#yasgui') &&"
            " !(e.labels && e.labels.length) && !e.textContent.trim() && !e.getAttribute('aria-label')).length"
        )
        assert unnamed == 0, place


def test_sparql_in_the_editor(page: Any, address: str) -> None:
    page.goto(f"{address}/query/combine?a=imatinib&b=surgery")
    page.get_by_text("The SPARQL behind it").click()
    page.get_by_role("link", name="Open it in the editor").click()
    page.wait_for_selector(".yasqe .CodeMirror-line:has-text('D000068877')")
    page.locator(".yasqe_queryButton").first.click()
    page.wait_for_selector(".yasr table tbody tr")
    assert "NCT01267695" in page.inner_text(".yasr")
    page.fill("#filter", "phases by")
    page.get_by_role("button", name="Phases by year of start").click()
    assert "tk:phase" in page.evaluate("yasgui.getTab().getQuery()")
    page.evaluate("void yasgui.getTab().setQuery('PREFIX tk: <https://w3id.org/trialkg/ontology#>\\nSELECT * { ?s ')")
    page.evaluate("(() => { const q = yasgui.getTab().getYasqe(); q.setCursor(1, 25); q.focus(); })()")
    page.keyboard.type("tk:hasA")
    page.keyboard.press("Control+Space")
    page.wait_for_selector(".CodeMirror-hints")
    assert "hasArm" in page.inner_text(".CodeMirror-hints")


def test_downloads(page: Any, address: str) -> None:
    page.goto(f"{address}/query/combine?a=imatinib&b=surgery")
    for name, begins in (
        ("CSV", "trial,title"),
        ("TSV", "?trial\t?title"),
        ("JSON", "{"),
        ("XML", "<?xml"),
        ("spreadsheet", "trial,title"),
    ):
        with page.expect_download() as caught:
            page.get_by_role("link", name=name, exact=True).click()
        assert Path(caught.value.path()).read_text().startswith(begins), name


def test_charts_and_pictures(page: Any, address: str) -> None:
    page.goto(f"{address}/query/phases-by-year?condition=neoplasms")
    assert page.locator("figure svg rect.bar:has(title)").count() == 5
    page.goto(f"{address}/trial/NCT03862768")
    page.get_by_role("link", name="intervention: Sunitinib").click()
    page.wait_for_url("**/intervention/*")
    assert "Protein Kinase" in page.inner_text("main") or "NCT03862768" in page.inner_text("main")


def _hostile() -> list[str]:
    file = SHARED / "data" / "hostile" / "blns.json"
    require(file.is_file(), "the list of naughty strings")
    return [text for text in json.loads(file.read_text(encoding="utf-8")) if text]


def test_hostile_text_stays_text(page: Any, tmp_path: Path) -> None:
    file = tmp_path / "hostile.nt"
    lines = []
    for n, text in enumerate(_hostile()):
        node = ox.NamedNode(f"{iri.BASE}trial/T{n // 25:03}")
        arm = ox.NamedNode(f"{node.value}/arm/{n}")
        value = ox.Literal(text.encode("utf-8", "replace").decode())
        for subject, predicate, thing in (
            (node, "http://www.w3.org/1999/02/22-rdf-syntax-ns#type", ox.NamedNode(iri.TK + "Trial")),
            (node, "http://purl.org/dc/terms/title", value),
            (node, iri.TK + "whyStopped", value),
            (node, iri.TK + "overallStatus", ox.NamedNode(iri.TK + "Terminated")),
            (node, iri.TK + "hasArm", arm),
            (arm, "http://www.w3.org/2000/01/rdf-schema#label", value),
            (node, iri.TK + "hasCondition", ox.NamedNode(f"{iri.BASE}condition/{iri.segment(value.value)}")),
            (
                ox.NamedNode(f"{iri.BASE}condition/{iri.segment(value.value)}"),
                "http://www.w3.org/2000/01/rdf-schema#label",
                value,
            ),
        ):
            lines.append(f"{ox.Triple(subject, ox.NamedNode(predicate), thing)} .\n")
    lines.append(f"<{iri.BASE}trial/T000> <{iri.TK}link> <javascript:alert(1)> .\n")
    file.write_text("".join(lines), encoding="utf-8")
    with running(file) as address:
        trials = sorted({f"/trial/T{n // 25:03}" for n in range(len(_hostile()))})
        own = 0
        for path in [
            *trials,
            "/query/stopped",
            "/trial/T000/arm/0",
            "/ask?q=%3Cscript%3Ealert(1)%3C/script%3E",
            "/query/drug?drug=%22%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E",
        ]:
            page.goto(address + path)
            scripts = page.evaluate("[...document.scripts].map(s => s.src ? new URL(s.src).pathname : 'inline')")
            assert set(scripts) <= {"/static/site.js"}, path
            assert page.locator("a[href^='javascript']").count() == 0
            own += page.evaluate(
                "[...document.querySelectorAll('*')].filter(e => [...e.attributes].some(a => a.name.startsWith('on'))).length"
            )
        assert own == 0
