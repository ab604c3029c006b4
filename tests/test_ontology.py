"""The ontology: OWL 2 DL that a reasoner finds consistent, every term documented, in step with context and mappings."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import rdflib
from rdflib.namespace import OWL, RDF, RDFS, SKOS

from conftest import program
from kg import assets
from kg.iri import TK

DCTERMS = rdflib.Namespace("http://purl.org/dc/terms/")
FILES = ("trialkg.ttl", "codes.ttl", "variables.ttl")


@pytest.fixture(scope="module")
def ontology() -> rdflib.Graph:
    graph = rdflib.Graph()
    for name in FILES:
        graph.parse(assets.folder("ontology") / name)
    return graph


def own(graph: rdflib.Graph, kind: rdflib.URIRef) -> list[rdflib.URIRef]:
    return sorted(s for s in graph.subjects(RDF.type, kind) if isinstance(s, rdflib.URIRef) and str(s).startswith(TK))


def test_every_term_has_label_definition_and_origin(ontology: rdflib.Graph) -> None:
    for kind in (OWL.Class, OWL.ObjectProperty, OWL.DatatypeProperty, SKOS.Concept, SKOS.ConceptScheme):
        terms = own(ontology, kind)
        assert terms, kind
        for term in terms:
            assert (term, RDFS.label, None) in ontology, term
            assert (term, SKOS.definition, None) in ontology, term
            assert (term, RDFS.isDefinedBy, None) in ontology, term


def test_each_file_has_version_and_licence() -> None:
    for name in FILES:
        graph = rdflib.Graph().parse(assets.folder("ontology") / name)
        (header,) = graph.subjects(RDF.type, OWL.Ontology)
        assert (header, OWL.versionIRI, None) in graph and (header, DCTERMS.license, None) in graph
        assert (header, DCTERMS.title, None) in graph


def test_concepts_are_in_one_scheme_each(ontology: rdflib.Graph) -> None:
    for concept in own(ontology, SKOS.Concept):
        assert len(set(ontology.objects(concept, SKOS.inScheme))) == 1, concept


def test_names_that_are_fixed_are_there(ontology: rdflib.Graph) -> None:
    classes = {str(c).removeprefix(TK) for c in own(ontology, OWL.Class)}
    assert classes >= set(
        "Trial Arm Intervention Drug Procedure Biological Device Radiation Behavioral DietarySupplement Genetic CombinationProduct "
        "DiagnosticTest OtherIntervention Treatment Condition Outcome PrimaryOutcome SecondaryOutcome OtherOutcome Criterion "
        "InclusionCriterion ExclusionCriterion Constraint Organization Person Site SourceDocument Evidence".split()
    )
    properties = {str(p).removeprefix(TK) for k in (OWL.ObjectProperty, OWL.DatatypeProperty) for p in own(ontology, k)}
    assert properties >= set(
        "officialTitle acronym summary description studyType phase overallStatus whyStopped allocation interventionModel masking "
        "primaryPurpose enrollment enrollmentType startDate primaryCompletionDate completionDate firstPosted lastUpdatePosted minimumAge "
        "maximumAge sex healthyVolunteers keyword hasCondition hasArm hasIntervention hasOutcome hasCriterion sponsor collaborator "
        "investigator hasSite meshTerm armType hasTreatment ofIntervention doseValue doseUnit frequency route duration until precedes "
        "minimumGap maximumGap timing alternativeTo role timeFrame timeFrameDuration text order partOf hasConstraint variable comparator "
        "value unit relativeTo concept kind negated minimumTimeSince maximumTimeSince evidence document start end quote inferred".split()
    )


def test_the_property_chain_is_stated(ontology: rdflib.Graph) -> None:
    (chain,) = ontology.objects(rdflib.URIRef(TK + "hasIntervention"), OWL.propertyChainAxiom)
    assert [str(p).removeprefix(TK) for p in ontology.items(chain)] == ["hasTreatment", "ofIntervention"]


def test_the_context_covers_the_ontology(ontology: rdflib.Graph) -> None:
    context = json.loads((assets.folder("ontology") / "context.jsonld").read_text())["@context"]
    for prop in own(ontology, OWL.ObjectProperty):
        name = str(prop).removeprefix(TK)
        assert context[name]["@type"] in ("@id", "@vocab"), name
    for prop in own(ontology, OWL.DatatypeProperty):
        name = str(prop).removeprefix(TK)
        (declared,) = list(ontology.objects(prop, RDFS.range)) or [None]
        if declared in (rdflib.XSD.decimal, rdflib.XSD.integer, rdflib.XSD.boolean, rdflib.XSD.nonNegativeInteger):
            assert context[name]["@type"] == "xsd:" + str(declared).rsplit("#", 1)[1], name


def test_mappings_start_from_terms_that_exist(ontology: rdflib.Graph) -> None:
    lines = (assets.folder("ontology") / "mappings.sssom.tsv").read_text().splitlines()
    prefixes = {m[1] for line in lines if (m := re.match(r"#  (\w+): ", line))}
    rows = [line.split("\t") for line in lines if not line.startswith("#")]
    head, body = rows[0], rows[1:]
    assert head[:4] == ["subject_id", "subject_label", "predicate_id", "object_id"] and len(body) > 140
    known = {s for s in ontology.subjects() if isinstance(s, rdflib.URIRef)}
    for row in body:
        assert rdflib.URIRef(row[0].replace("tk:", TK)) in known, row[0]
        assert row[2] in {
            "skos:exactMatch",
            "skos:closeMatch",
            "skos:broadMatch",
            "skos:narrowMatch",
            "skos:relatedMatch",
        }
        assert row[3].split(":")[0] in prefixes and row[5].startswith("semapv:")
    assert len({(r[0], r[3]) for r in body}) == len(body)
    pairs = {(r[0], r[3]) for r in body}
    for pair in (("tk:Criterion", "obo:OBI_0500026"), ("tk:InclusionCriterion", "obo:OBI_0500027"), ("tk:Trial", "schema:MedicalTrial"),
                 ("tk:Trial", "obo:CTO_0000220"), ("tk:Phase3", "obo:NCIT_C15602"), ("tk:hasCondition", "schema:healthCondition")):  # fmt: skip
        assert pair in pairs


def test_a_reasoner_finds_it_consistent(tmp_path: Path, ontology: rdflib.Graph, seeds_ttl: Path) -> None:
    """HermiT, through owlready2: no unsatisfiable class; the chain follows from the treatments of the seed graph."""
    program("java")
    import owlready2

    instances = rdflib.Graph().parse(seeds_ttl)
    tk = rdflib.Namespace(TK)
    both = rdflib.Graph()
    for triple in ontology:
        both.add(triple)
    for prop in (
        tk.hasArm,
        tk.hasTreatment,
        tk.ofIntervention,
        tk.precedes,
        tk.hasOutcome,
        tk.hasCriterion,
        tk.hasConstraint,
    ):
        for triple in instances.triples((None, prop, None)):
            both.add(triple)
    for subject, kind in instances.subject_objects(RDF.type):
        if str(kind).startswith(TK):
            both.add((subject, RDF.type, kind))
    file = tmp_path / "ontology.nt"
    file.write_bytes(both.serialize(format="nt").encode())
    world = owlready2.World()
    loaded = world.get_ontology(file.as_uri()).load()
    with loaded:
        owlready2.sync_reasoner_hermit(world, infer_property_values=True, debug=0)
    assert list(world.inconsistent_classes()) == []
    inferred = world.as_rdflib_graph()
    stated = {(s, o) for s, o in instances.subject_objects(tk.hasIntervention) if (s, RDF.type, tk.Arm) in instances}
    entailed = {
        (arm, thing)
        for arm, treatment in instances.subject_objects(tk.hasTreatment)
        for thing in instances.objects(treatment, tk.ofIntervention)
    }
    assert stated == entailed and stated
    assert (tk.Drug, RDFS.subClassOf, tk.Intervention) in inferred


def test_a_reasoner_finds_a_contradiction_that_is_there(tmp_path: Path, ontology: rdflib.Graph) -> None:
    program("java")
    import owlready2

    broken = rdflib.Graph()
    for triple in ontology:
        broken.add(triple)
    tk = rdflib.Namespace(TK)
    broken.add((rdflib.URIRef("urn:x"), RDF.type, tk.Trial))
    broken.add((rdflib.URIRef("urn:x"), RDF.type, tk.Arm))
    file = tmp_path / "broken.nt"
    file.write_bytes(broken.serialize(format="nt").encode())
    world = owlready2.World()
    loaded = world.get_ontology(file.as_uri()).load()
    with pytest.raises(owlready2.OwlReadyInconsistentOntologyError), loaded:
        owlready2.sync_reasoner_hermit(world, debug=0)
