"""Readers: recognising layouts, cutting pages, and taking apart what ran together. The pages are the project's own."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.document import Document, Quote, read_document
from kg.encoding import decode
from kg.errors import DocumentError
from kg.mesh import MeshIndex, builtin
from kg.read import READERS, identifier, read
from kg.read.page import cut, layouts, recognise
from kg.read.runon import split, split_terms
from kg.read.table_rows import split_arm_rows, split_outcome, vocabulary
from tests_support import EXAMPLES, quote


@pytest.mark.parametrize(
    ("file", "layout"),
    [("charity-page", "cruk"), ("perioperative", "ctgov"), ("two-doses", "ctgov"), ("focal-progression", "medpath"), ("stop-or-go-on", "centerwatch")],
)  # fmt: skip
def test_layouts_are_recognised_from_content(file: str, layout: str) -> None:
    document = read_document("any-name.bin", (EXAMPLES / f"{file}.txt").read_bytes())
    found = recognise(document)
    assert found is not None and found.name == layout


def test_every_layout_has_a_reader() -> None:
    assert {layout.reader for layout in layouts()} | {"labelled"} == set(READERS)


def test_sections_come_in_order_and_stray_labels_do_not_count() -> None:
    text = (EXAMPLES / "focal-progression.txt").read_text()
    text = text.replace("Resistance to imatinib", "Status\nResistance to imatinib")
    document = read_document("x", text.encode())
    layout = recognise(document)
    assert layout is not None
    page = cut(document, layout)
    assert page.value("status").text == "UNKNOWN"


@pytest.mark.parametrize("example", sorted(p.name for p in EXAMPLES.glob("*.txt")))
def test_a_page_that_was_cut_off_is_refused(example: str, index: MeshIndex) -> None:
    text = (EXAMPLES / example).read_text()
    with pytest.raises(DocumentError, match=r"cut off|no trial page|names no trial"):
        read(read_document(example, text[: len(text) // 3].encode()), index)


@pytest.mark.parametrize(
    ("line", "hints", "expected"),
    [
        (
            "Gastrointestinal Stromal Tumor Metastatic Cancer",
            [],
            ["Gastrointestinal Stromal Tumor", "Metastatic Cancer"],
        ),
        ("Breast Cancer Lung Cancer Stage II Melanoma", [], ["Breast Cancer", "Lung Cancer", "Stage II Melanoma"]),
        ("Sleep quality Night shifts", ["Night shifts"], ["Sleep quality", "Night shifts"]),
        ("Lymphoma, Non-Hodgkin HIV Infections", [], ["Lymphoma, Non-Hodgkin", "HIV Infections"]),
        ("Hypertension", [], ["Hypertension"]),
    ],
)
def test_conditions_that_ran_together(line: str, hints: list[str], expected: list[str], index: MeshIndex) -> None:
    assert [q.text for q in split(quote(line), index, hints)] == expected


def test_mesh_terms_that_ran_together(index: MeshIndex) -> None:
    line = "Neoplasm Metastasis Gastrointestinal Stromal Tumors Neoplasms Neoplasms, Connective and Soft Tissue Enzyme Inhibitors"
    assert [q.text for q in split_terms(quote(line), index)] == [
        "Neoplasm Metastasis",
        "Gastrointestinal Stromal Tumors",
        "Neoplasms",
        "Neoplasms, Connective and Soft Tissue",
        "Enzyme Inhibitors",
    ]
    assert split_terms(quote("liver metastases Neoplasms"), index) == []


@pytest.mark.parametrize(
    ("row", "measure", "frame"),
    [
        ("Progression-free Survivalone year", "Progression-free Survival", "one year"),
        ("Overall response rate12 weeks", "Overall response rate", "12 weeks"),
        ("Change in pain scoreBaseline to week 8", "Change in pain score", "Baseline to week 8"),
        ("Number of deaths (all causes)Up to 5 years", "Number of deaths (all causes)", "Up to 5 years"),
        ("Quality of life", "Quality of life", None),
    ],
)
def test_measure_and_time_frame_that_ran_together(row: str, measure: str, frame: str | None) -> None:
    words = vocabulary("survival response rate pain score deaths quality of life change in number")
    left, right = split_outcome(quote(row), words)
    assert left.text == measure
    assert (right.text if right else None) == frame


def test_rows_of_an_arms_table_that_ran_together(index: MeshIndex) -> None:
    rows = [
        "Surgery following imatinibsurgeryThe lesion is taken out. Imatinib 400 mg goes on.",
        "Surgery following imatinibImatinib 400 mgThe lesion is taken out. Imatinib 400 mg goes on.",
        "Other drugSunitinibSunitinib is given instead.",
    ]
    found = split_arm_rows([quote(r) for r in rows], index, [], "surgery following imatinib sunitinib other drug")
    assert [(a.text, n.text) for a, n, _ in found] == [
        ("Surgery following imatinib", "surgery"),
        ("Surgery following imatinib", "Imatinib 400 mg"),
        ("Other drug", "Sunitinib"),
    ]
    assert found[0][2].text == "The lesion is taken out. Imatinib 400 mg goes on."


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("see NCT01267695 and ISRCTN63599281", ["NCT01267695", "ISRCTN63599281"]),
        ("EudraCT 2007-002257-23", ["2007-002257-23"]),
        ("ACTRN 12609000681257", ["ACTRN12609000681257"]),
        ("a trial (EORTC 62063)", ["EORTC 62063"]),
        ("XNCT01267695 NCT0126769", []),
    ],
)
def test_registry_identifiers(text: str, expected: list[str]) -> None:
    assert [found for found, _ in identifier.find(quote(text))] == expected


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"caf\xc3\xa9", "café"),
        (b"\xef\xbb\xbfabc", "abc"),
        ("Ü 5 µg".encode("utf-16"), "Ü 5 µg"),
        (b"caf\xe9 90\x96100", "café 90–100"),
    ],
)
def test_encodings(data: bytes, text: str) -> None:
    assert decode(data) == text


@pytest.mark.parametrize("data", [b"\x00\x01\x02" * 100, bytes(range(1, 32)) * 100, b"\xff\xfe\x00"])
def test_binary_files_are_no_text(data: bytes) -> None:
    with pytest.raises(DocumentError):
        read_document("x", data)


def test_control_characters_become_spaces_one_for_one() -> None:
    document = read_document("x", b"ab\x0bcd\x1fe")
    assert document.text == "ab cd e"


@given(st.text(max_size=300))
def test_sentences_and_lines_are_stretches_of_the_text(text: str) -> None:
    whole = Quote(0, len(text), text)
    for part in (*whole.lines(), *whole.sentences()):
        assert text[part.start : part.end] == part.text


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_damaged_page_is_read_or_refused(data: st.DataObject) -> None:
    source = data.draw(st.sampled_from(sorted(EXAMPLES.glob("*.txt")))).read_text()
    start = data.draw(st.integers(0, len(source)))
    end = data.draw(st.integers(start, min(len(source), start + 400)))
    junk = data.draw(st.text(max_size=30))
    damaged = source[:start] + junk + source[end:]
    try:
        document = read_document("x", damaged.encode("utf-8", "surrogatepass").decode("utf-8", "replace").encode())
        record, document = read(document, builtin())
    except DocumentError:
        return
    for evidence in record.evidence:
        assert document.text[evidence.start : evidence.end] == evidence.quote


def test_a_document_is_known_by_its_bytes() -> None:
    one, other = (Document(n, "t", s * 64) for n, s in (("a", "0"), ("b", "1")))
    assert one.key != other.key and len(one.key) == 16
