"""Links to MeSH beyond the graph: as a mapping set, joined with NLM's own statements in one store and between two servers."""

from __future__ import annotations

import csv
import gzip
import io
import subprocess
import sys
from pathlib import Path

import httpx
import pyoxigraph as ox
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import EXAMPLES, SHARED, require
from kg import iri
from kg.build import build
from kg.errors import UsageError
from kg.graphs import OxigraphGraph
from kg.language.abbreviation import defined
from kg.link import link_condition, link_intervention
from kg.mesh import MeshIndex, builtin
from kg.mesh.nlm import read_files
from kg.record import Condition, Intervention
from kg.sssom import mappings, tsv
from kg.trial import process
from tests_support import running

_JOIN = """
PREFIX tk: <https://w3id.org/trialkg/ontology#>
PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
PREFIX meshv: <http://id.nlm.nih.gov/mesh/vocab#>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
SELECT DISTINCT ?trial ?label WHERE {
  ?trial tk:hasIntervention/skos:exactMatch ?drug .
  %s { ?drug meshv:pharmacologicalAction ?action ; rdfs:label ?label . ?action rdfs:label "Protein Kinase Inhibitors"@en . }
} ORDER BY ?trial
"""


@pytest.fixture(scope="module")
def nlm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What NLM says of the drugs of the examples, out of its own file."""
    whole = SHARED / "data" / "mesh" / "mesh.nt.gz"
    require(whole.is_file(), "NLM's mesh.nt.gz")
    wanted = ("<http://id.nlm.nih.gov/mesh/D000068877>", "<http://id.nlm.nih.gov/mesh/D000077210>")
    lines, actions = [], set()
    with gzip.open(whole, "rt", encoding="utf-8") as file:
        for line in file:
            if line.startswith(wanted):
                lines.append(line)
                if "pharmacologicalAction" in line:
                    actions.add(line.split()[2])
    with gzip.open(whole, "rt", encoding="utf-8") as file:
        lines += [line for line in file if line.split(" ", 1)[0] in actions and "rdf-schema#label" in line]
    path = tmp_path_factory.mktemp("nlm") / "mesh.nt"
    path.write_text("".join(lines), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The graph of the examples without any statement about MeSH."""
    out = tmp_path_factory.mktemp("alone") / "out.nt"
    build([EXAMPLES], out, with_mesh=False)
    return out


@pytest.mark.parametrize(
    ("text", "forms"),
    [
        ("patients with gastrointestinal stromal tumours (GIST)", {"GIST": "gastrointestinal stromal tumours"}),
        ("AML (acute myeloid leukemia) in adults", {"AML": "acute myeloid leukemia"}),
        ("Depo-Medroxyprogesterone Acetate (DMPA; 150 mg)", {"DMPA": "Depo-Medroxyprogesterone Acetate"}),
        ("hormone-releasing factor (HRF) and histamine releasing factor (HRF)", {}),
        ("it ended. Later (GIST)", {}),
        ("women (18 to 65 years), the tumour (see above)", {}),
        ("going on to repeat paracentesis (TRP)", {}),
        ("(((((( (A1) ()", {}),
    ],
)
def test_abbreviations_are_those_that_the_text_defines(text: str, forms: dict[str, str]) -> None:
    assert defined(text) == forms


@given(st.text("aB ().-\n", max_size=300))
def test_a_long_form_stands_in_the_text(text: str) -> None:
    for short, long in defined(text).items():
        assert short in text and long in text and len(long) > len(short)


def test_names_that_only_their_document_explains() -> None:
    index = builtin()
    forms = {"GST": "gastrointestinal stromal tumors", "XYZ": "unheard of"}
    condition = Condition(label="GST")
    link_condition(condition, index, forms)
    assert condition.label == "Gastrointestinal stromal tumors" and "GST" in condition.alt_label
    assert condition.exact_match == ["mesh:D046152"]
    unknown = Condition(label="XYZ")
    link_condition(unknown, index, forms)
    assert (unknown.label, unknown.exact_match) == ("XYZ", [])
    drug = Intervention(name="STI-x", kind="Drug", other_names=["Gleevec", "imatinib mesylate"])
    link_intervention(drug, index)
    assert (drug.label, drug.exact_match) == ("Imatinib Mesylate", ["mesh:D000068877"])
    either = Intervention(name="the pill", kind="Drug", other_names=["Gleevec", "sunitinib"])
    link_intervention(either, index)
    assert either.exact_match == []


def test_a_join_with_nlm_in_one_store(alone: Path, nlm: Path) -> None:
    found = OxigraphGraph.of_files([alone, nlm]).select(_JOIN % "")
    assert {row[0].value.rsplit("/", 1)[1] for row in found.rows if row[0]} >= {"NCT01267695", "NCT03862768"}
    assert {row[1].value for row in found.rows if row[1]} == {"Imatinib Mesylate", "Sunitinib"}


def test_a_join_between_two_servers(alone: Path, nlm: Path) -> None:
    with running(nlm) as other, running(alone, options=("--service", f"{other}/sparql")) as address:
        own = f"{address}/sparql"
        got = httpx.post(own, data={"query": _JOIN % f"SERVICE <{other}/sparql>"}, timeout=60)
        assert got.status_code == 200, got.text
        rows = got.json()["results"]["bindings"]
        expected = OxigraphGraph.of_files([alone, nlm]).select(_JOIN % "").rows
        assert len(rows) == len(expected)
        refused = httpx.post(own, data={"query": _JOIN % "SERVICE <http://127.0.0.1:9/sparql>"}, timeout=60)
        assert refused.status_code == 403


def test_the_links_as_a_mapping_set(examples: OxigraphGraph, index: MeshIndex, tmp_path: Path) -> None:
    found = mappings(examples, index)
    text = tsv(found, index)
    assert text == tsv(mappings(examples, index), index)
    rows = list(csv.DictReader(io.StringIO("".join(x for x in text.splitlines(True) if x[0] != "#")), delimiter="\t"))
    assert len(rows) == len(found) > 25
    by_name = {row["subject_label"]: row for row in rows}
    assert by_name["Gleevec"]["object_id"] == "mesh:D000068877"
    assert by_name["Imatinib 400 mg"]["comment"] == "term without dose and form"
    assert 0 < float(by_name["Imatinib 400 mg"]["confidence"]) < 1
    skos = "http://www.w3.org/2004/02/skos/core#"
    in_graph = examples.select(
        f"SELECT DISTINCT ?n ?c {{ ?n <{skos}exactMatch>|<{skos}broadMatch> ?c"
        f" FILTER(STRSTARTS(STR(?n), '{iri.BASE}condition/') || STRSTARTS(STR(?n), '{iri.BASE}intervention/')) }}"
    ).rows
    told = {(one.node, one.concept) for one in found}
    missing = {(n.value, c.value.rsplit("/", 1)[1]) for n, c in in_graph if n and c} - told
    assert len(missing) <= len(in_graph) // 10, missing
    file = tmp_path / "links.sssom.tsv"
    file.write_text(text, encoding="utf-8")
    done = subprocess.run([sys.executable, "-c", _VALID, str(file)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.split()[-1] == str(len(rows))


#: In a process of its own: the library is slow to import, and warns.
_VALID = """
import sys
from sssom.parsers import parse_sssom_table
from sssom.validators import validate
from sssom.constants import DEFAULT_VALIDATION_TYPES
found = parse_sssom_table(sys.argv[1])
validate(found, validation_types=DEFAULT_VALIDATION_TYPES, fail_on_error=True)
print(len(found.df))
"""


_DESCRIPTORS = """<?xml version="1.0"?>
<!DOCTYPE DescriptorRecordSet SYSTEM "https://www.nlm.nih.gov/databases/dtd/nlmdescriptorrecordset_20240101.dtd">
<DescriptorRecordSet LanguageCode="eng">
<DescriptorRecord DescriptorClass="1"><DescriptorUI>D000001</DescriptorUI><DescriptorName><String>Warm Drinks</String></DescriptorName>
<PharmacologicalActionList><PharmacologicalAction><DescriptorReferredTo><DescriptorUI>D000002</DescriptorUI></DescriptorReferredTo>
</PharmacologicalAction></PharmacologicalActionList>
<TreeNumberList><TreeNumber>D01.100</TreeNumber></TreeNumberList>
<ConceptList><Concept PreferredConceptYN="Y"><TermList><Term><String>Warm Drinks</String></Term><Term><String>Hot Beverages</String></Term>
</TermList></Concept></ConceptList></DescriptorRecord>
<DescriptorRecord><DescriptorUI>D000002</DescriptorUI><DescriptorName><String>Comforting Agents</String></DescriptorName>
<TreeNumberList><TreeNumber>D01</TreeNumber></TreeNumberList></DescriptorRecord>
</DescriptorRecordSet>"""
_SUPPLEMENT = """<?xml version="1.0"?>
<SupplementalRecordSet LanguageCode="eng"><SupplementalRecord SCRClass="1"><SupplementalRecordUI>C000001</SupplementalRecordUI>
<SupplementalRecordName><String>cocoamab</String></SupplementalRecordName><HeadingMappedToList><HeadingMappedTo><DescriptorReferredTo>
<DescriptorUI>*D000001</DescriptorUI></DescriptorReferredTo></HeadingMappedTo></HeadingMappedToList><ConceptList><Concept><TermList><Term>
<String>CB-1</String></Term></TermList></Concept></ConceptList></SupplementalRecord></SupplementalRecordSet>"""


def test_mesh_in_xml(tmp_path: Path) -> None:
    (tmp_path / "desc.xml").write_text(_DESCRIPTORS)
    with gzip.open(tmp_path / "supp.xml.gz", "wt") as file:
        file.write(_SUPPLEMENT)
    index = read_files([tmp_path / "desc.xml", tmp_path / "supp.xml.gz"])
    assert index.find("hot beverage") == ["D000001"]
    assert index.find("CB-1") == ["C000001"]
    assert index.actions["D000001"] == ["D000002"]
    assert index.mapped["C000001"] == ["D000001"]
    assert index.ancestors("D000001") == ["D000002"]
    (tmp_path / "other.xml").write_text("<a/>")
    (tmp_path / "broken.xml").write_text("<DescriptorRecordSet>")
    for name in ("other.xml", "broken.xml"):
        with pytest.raises(UsageError, match=name):
            read_files([tmp_path / name])


def _study(*names: str) -> bytes:
    interventions = ",".join(f'{{"type":"DRUG","name":"{n}","armGroupLabels":["A"]}}' for n in names)
    listed = ",".join(f'"Drug: {n}"' for n in names)
    return (
        '{"protocolSection":{"identificationModule":{"nctId":"NCT09900001","briefTitle":"A study of some drugs"},'
        '"statusModule":{"overallStatus":"COMPLETED"},"designModule":{"studyType":"INTERVENTIONAL"},"conditionsModule":{"conditions":["Sarcoma"]},'
        f'"armsInterventionsModule":{{"armGroups":[{{"label":"A","type":"EXPERIMENTAL","interventionNames":[{listed}]}}],'
        f'"interventions":[{interventions}]}}}}}}'
    ).encode()


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("Imatinib + Sunitinib", {"Imatinib Mesylate", "Sunitinib"}),
        ("imatinib 400 mg and surgical resection", {"Imatinib Mesylate", "Surgical Procedures, Operative"}),
        ("Imatinib, Sunitinib and Placebo", {"Imatinib Mesylate", "Sunitinib", "Placebos"}),
        ("Imatinib or Sunitinib", set()),
        ("Imatinib/Sunitinib", set()),
        ("Imatinib with or without surgery", set()),
        ("Imatinib and something else", set()),
    ],
)
def test_a_combination_becomes_its_parts(name: str, parts: set[str]) -> None:
    outcome = process("study.json", _study(name), builtin())
    assert outcome.finding is None
    store = ox.Store()
    store.load("\n".join([*outcome.own, *outcome.common]).encode(), format=ox.RdfFormat.N_TRIPLES)
    found = OxigraphGraph(store).select(
        f"SELECT ?label {{ ?arm a <{iri.TK}Arm> ; <{iri.TK}hasIntervention> ?one . ?one <http://www.w3.org/2000/01/rdf-schema#label> ?label }}"
    )
    labels = {row[0].value for row in found.rows if row[0]}
    assert labels == parts if parts else len(labels) == 1


@pytest.mark.parametrize(
    ("label", "parts"),
    [
        ("Nausea and Vomiting", ["D000000", "D000001"]),
        ("Heart Failure and Myocardial Infarction", ["D000002", "D000003"]),
        ("Bone and Skin Tumors", ["D000004", "D000005"]),
        ("Nausea or Vomiting", []),
        ("Nausea and something else", []),
    ],
)
def test_conditions_that_one_label_joins(label: str, parts: list[str]) -> None:
    known = MeshIndex(version="x")
    names = ("Nausea", "Vomiting", "Heart Failure", "Myocardial Infarction", "Bone Tumors", "Skin Tumors")
    for number, name in enumerate(names):
        known.add(f"D00000{number}", name, (), [f"C01.{number}"])
    condition = Condition(label=label)
    link_condition(condition, known)
    assert condition.close_match == [f"mesh:{part}" for part in parts]
    assert condition.label == label
    assert set(condition.close_match) <= set(condition.is_within)
