"""HTML pages: what is read of them, what is left out, and where evidence points."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.document import Document, read_document
from kg.errors import DocumentError
from kg.mesh import builtin
from kg.read import html, read
from kg.read.blocks import Block, of_quote
from kg.read.labels import field_of
from tests_support import ROOT

SITES = ROOT / "tests" / "sites"


def blocks(source: str) -> list[Block]:
    return html.read(read_document("x", source.encode()))[1]


def seen(source: str) -> list[tuple[str, list[str]]]:
    """Kind and cells of each block."""
    return [(b.kind, [c.text for c in b.cells]) for b in blocks(source)]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("<body><h2>Arms</h2><p>One<br>two</p>", [("heading", ["Arms"]), ("text", ["One\ntwo"])]),
        (
            "<body><ul><li>a<ul><li>b</li></ul></li></ul><ol><li>c",
            [("item", ["a"]), ("item", ["b"]), ("item", ["c"])],
        ),
        ("<body><dl><dt>Sponsor<dd>X<dt>Phase<dd>2</dl>", [("row", ["Sponsor", "X"]), ("row", ["Phase", "2"])]),
        ("<body><table><tr><th>A<td>b<p>c</table>", [("row", ["A", "b\nc"])]),
        ("<body><p><b>Exclusion criteria</b></p>", [("heading", ["Exclusion criteria"])]),
        ("<body><span class=a>Phase</span><span class=b>2</span>", [("text", ["Phase   2"])]),
        ("<body>A&nbsp; &nbsp; B&lt;C", [("text", ["A   B<C"])]),
        ("<body><div>1. x\n2. y\n3. z</div>", [("text", ["1. x\n2. y\n3. z"])]),
    ],
)
def test_blocks(source: str, expected: list[tuple[str, list[str]]]) -> None:
    assert seen(source) == expected


def test_the_sites_own_boxes_are_left_out() -> None:
    words = " ".join(
        c
        for _, cells in seen(
            "<body><nav>Home</nav><div class='cookie-banner'>We use cookies</div><header><a>Logo</a></header>"
            "<div role=navigation>Menu</div><script>x</script><p hidden>secret</p><main><h1>Title</h1><p>Text</p></main>"
            "<div class='page-header'><h1>Not chrome</h1></div><footer>Imprint</footer>"
        )
        for c in cells
    )
    assert words == "Title Text Not chrome"


def test_a_layout_table_is_no_table_of_values() -> None:
    found = seen("<body><table><tr><td>menu<td><h1>A trial of this and that</h1><p>Text</table>")
    assert ("heading", ["A trial of this and that"]) in found


@pytest.mark.parametrize("path", sorted(SITES.glob("*.html")), ids=lambda p: p.name)
def test_every_block_stands_where_it_says(path: object) -> None:
    document, found = html.read(read_document("x", (SITES / str(path)).read_bytes()))
    assert found
    for block in found:
        for quote in (block.quote, *block.cells):
            assert document.text[quote.start : quote.end] == quote.text


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"<html><meta charset=windows-1251><body><p>\xcf\xf0\xe8\xe2\xe5\xf2", "Привет"),
        ("<html><body><p>Age ≥ 18 – “x”".encode().decode("windows-1252", "replace").encode(), "Age ≥ 18 – "),
        ("<html><body><p>metas\xadta\u200bses ﬁbrosis １８ ＜ ５％".encode(), "metastases fibrosis 18 < 5%"),
        ("<html><body><p>Größe".encode("utf-16-le"), "Größe"),
    ],
)
def test_encodings_are_guessed_or_repaired(data: bytes, text: str) -> None:
    document, _ = html.read(read_document("x", data))
    assert document.text.startswith(text)


def test_nesting_without_end_is_refused_in_one_line() -> None:
    with pytest.raises(DocumentError, match="250 deep"):
        read(read_document("x", b"<html><body>" + b"<div>" * 5000 + b"x"), builtin())


def test_entities_of_a_doctype_are_not_expanded() -> None:
    source = '<!DOCTYPE html [<!ENTITY a SYSTEM "file:///etc/passwd">]><html><body><p>x &a; y</p></body></html>'
    assert "root:" not in html.read(read_document("x", source.encode()))[0].text


def test_what_is_said_for_machines_fills_in_only_what_is_missing() -> None:
    page = (SITES / "accordion.html").read_bytes()
    record, document = read(read_document("x", page), builtin())
    assert [c.label for c in record.has_condition] == ["Kidney transplantation"]
    assert record.start_date and record.start_date.value == "2025-03-01"
    quote = record.has_condition[0].evidence[0]
    assert document.text[quote.start : quote.end] == "Kidney transplantation"


@pytest.mark.parametrize(
    ("label", "field"),
    [
        ("Inclusion Criteria:", "inclusion"),
        ("E.4 Principal exclusion criteria", "exclusion"),
        ("Who can't take part?", "exclusion"),
        ("Am I eligible?", "eligibility"),
        ("Health condition(s) or problem(s) studied", "conditions"),
        ("Prior therapy", ""),
        ("Our team", ""),
    ],
)
def test_labels(label: str, field: str) -> None:
    assert field_of(label) == field


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="<>/abdhiltrp1= \"'&;:\n|-*", max_size=200))
def test_any_html_is_read_or_refused(source: str) -> None:
    try:
        document, found = html.read(read_document("x", ("<html><body>" + source).encode()))
    except DocumentError:
        return
    for block in found:
        assert document.text[block.quote.start : block.quote.end] == block.quote.text


@given(st.text(alphabet="#*|- ab1.\n:", max_size=200))
def test_blocks_of_plain_text_stand_where_they_say(text: str) -> None:
    for block in of_quote(Document("x", text, "").all()):
        for quote in (block.quote, *block.cells):
            assert text[quote.start : quote.end] == quote.text
