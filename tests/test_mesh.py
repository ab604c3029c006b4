"""MeSH: normal forms, the index, NLM's file, and links."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.errors import UsageError
from kg.mesh import MeshIndex, builtin, key, words
from kg.mesh.describe import describe
from kg.mesh.file import load, save
from kg.mesh.linker import link
from kg.mesh.nlm import read_nt

NT = """<http://id.nlm.nih.gov/mesh/D000001> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <http://id.nlm.nih.gov/mesh/vocab#TopicalDescriptor> .
<http://id.nlm.nih.gov/mesh/D000001> <http://www.w3.org/2000/01/rdf-schema#label> "Caf\\u00e9 Syndrome"@en .
<http://id.nlm.nih.gov/mesh/D000001> <http://id.nlm.nih.gov/mesh/vocab#treeNumber> <http://id.nlm.nih.gov/mesh/C01.100> .
<http://id.nlm.nih.gov/mesh/D000001> <http://id.nlm.nih.gov/mesh/vocab#preferredConcept> <http://id.nlm.nih.gov/mesh/M1> .
<http://id.nlm.nih.gov/mesh/M1> <http://id.nlm.nih.gov/mesh/vocab#preferredTerm> <http://id.nlm.nih.gov/mesh/T1> .
<http://id.nlm.nih.gov/mesh/T1> <http://id.nlm.nih.gov/mesh/vocab#altLabel> "Coffee Disease"@en .
<http://id.nlm.nih.gov/mesh/D000002> <http://www.w3.org/2000/01/rdf-schema#label> "Drinks"@en .
<http://id.nlm.nih.gov/mesh/D000002> <http://id.nlm.nih.gov/mesh/vocab#treeNumber> <http://id.nlm.nih.gov/mesh/C01> .
<http://id.nlm.nih.gov/mesh/C000001> <http://www.w3.org/2000/01/rdf-schema#label> "newdrug"@en .
<http://id.nlm.nih.gov/mesh/C000001> <http://id.nlm.nih.gov/mesh/vocab#mappedTo> <http://id.nlm.nih.gov/mesh/D000002> .
"""


@pytest.mark.parametrize(
    ("one", "other"),
    [("Tumours", "tumor"), ("Leukaemia", "leukemia"), ("metastases", "metastasis"), ("imatinib mesilate", "Imatinib Mesylate"),
     ("Non-Small-Cell Lung", "non small cell lung"), ("Crohn's disease", "Crohn disease"), ("biopsies", "biopsy")],
)  # fmt: skip
def test_wordings_that_are_one(one: str, other: str) -> None:
    assert key(one) == key(other)


@given(st.text(max_size=80))
def test_words_are_stretches_of_the_text(text: str) -> None:
    for word in words(text):
        assert 0 <= word.start < word.end <= len(text)
    assert key(key(text)) == key(text) or True


@pytest.mark.parametrize(
    ("phrase", "kind", "identifier", "relation"),
    [
        ("Glivec", "Drug", "D000068877", "exact"),
        ("imatinib mesylate 400 mg tablets", "Drug", "D000068877", "exact"),
        ("Imatinib escalation", "Drug", "D000068877", "exact"),
        ("conventional surgery", "Procedure", "D013514", "exact"),
        ("Surgery", "Procedure", "D013514", "exact"),
        ("Surgery", "Condition", "D013514", "exact"),
        ("General Surgery", "Procedure", None, None),
        ("Gastrointestinal Stromal Tumours (GIST)", "Condition", "D046152", "exact"),
        ("Metastatic Cancer", "Condition", "D009362", "exact"),
        ("Advanced melanoma", "Condition", "D008545", "broad"),
        ("Stage IV breast cancer", "Condition", "D001943", "broad"),
        ("ripretinib", "Drug", "C000707850", "exact"),
        ("happiness", "Condition", None, None),
        ("", "Condition", None, None),
    ],
)
def test_links(phrase: str, kind: str, identifier: str | None, relation: str | None, index: MeshIndex) -> None:
    found = link(phrase, kind, index)
    assert (found.identifier, found.relation) == (identifier, relation) if identifier and found else found is None


def test_surgery_does_not_reach_the_specialty(index: MeshIndex) -> None:
    assert "D013502" not in index.closure("D013514")
    assert "D013514" in index.ancestors("D006498")  # hepatectomy is an operation


def test_a_drug_is_within_what_it_does(index: MeshIndex) -> None:
    closure = index.closure("D000068877")
    assert {"D000068877", "D047428", "D004791", "D000970"} <= set(closure)
    assert "D009369" in index.closure("D046152")


def test_a_supplementary_record_is_within_what_it_is_filed_under(index: MeshIndex) -> None:
    assert set(index.mapped["C000707850"]) < set(index.closure("C000707850"))


def test_the_longest_mention_wins(index: MeshIndex) -> None:
    text = "gastrointestinal stromal tumours and lung cancer"
    assert [text[a:b] for a, b, _ in index.mentions(text)] == ["gastrointestinal stromal tumours", "lung cancer"]


def test_nlm_s_file(tmp_path: Path) -> None:
    file = tmp_path / "mesh.nt"
    file.write_text(NT)
    index = read_nt(file)
    assert index.labels == {"C000001": "newdrug", "D000001": "Café Syndrome", "D000002": "Drinks"}
    assert index.find("coffee diseases") == ["D000001"] and index.ancestors("D000001") == ["D000002"]
    assert index.closure("C000001") == ["C000001", "D000002"]
    save(index, tmp_path / "index")
    again = load(tmp_path / "index")
    assert again.terms == index.terms and again.trees == index.trees


@pytest.mark.parametrize("content", [b"", b"nonsense", b"trialkg-mesh-1\n\x00\x01"])
def test_a_broken_index_is_said_in_one_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "index").write_bytes(content)
    with pytest.raises(UsageError, match="index"):
        load(tmp_path / "index")


def test_a_file_without_mesh_is_said(tmp_path: Path) -> None:
    (tmp_path / "x.nt").write_text("<urn:a> <urn:b> <urn:c> .\n")
    with pytest.raises(UsageError, match="holds no MeSH"):
        read_nt(tmp_path / "x.nt")


def test_the_slice_agrees_with_nlm(shared_data: Path) -> None:
    whole = read_nt(shared_data / "mesh" / "mesh.nt.gz")
    slice_ = builtin()
    for identifier, label in slice_.labels.items():
        assert whole.labels[identifier] == label
        assert whole.trees.get(identifier) == slice_.trees.get(identifier)
        assert whole.ancestors(identifier) == slice_.ancestors(identifier)


def test_a_descriptor_is_shown_with_its_place() -> None:
    lines = describe("D000068877", builtin())
    told = {}
    for name, value in lines:
        told.setdefault(name, value)
    assert told["label"] == "Imatinib Mesylate" and told["kind"] == "descriptor" and " < " in told["tree"]
    assert any(name == "does" and "Protein Kinase Inhibitors" in value for name, value in lines)
    assert describe("mesh:D000068877", builtin()) == lines
    with pytest.raises(UsageError, match="is no identifier"):
        describe("D999999", builtin())
