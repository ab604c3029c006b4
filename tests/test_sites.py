"""Pages of many sites, written for this project: what the readers find in each is told in ``sites/expected.json``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kg.document import read_document
from kg.mesh import builtin
from kg.record import TrialRecord
from kg.trial import understand

SITES = Path(__file__).parent / "sites"
EXPECTED: dict[str, Any] = json.loads((SITES / "expected.json").read_text(encoding="utf-8"))


def found(record: TrialRecord) -> dict[str, Any]:
    """What is compared of a record."""
    criteria = [(c.text, "ExclusionCriterion" in c.type) for c in record.has_criterion]
    return {
        "layout": record.was_derived_from[0].layout,
        "identifier": record.identifier,
        "title": record.title,
        "status": record.overall_status,
        "phase": record.phase,
        "conditions": [c.label for c in record.has_condition],
        "interventions": [f"{i.kind}: {i.name}" for i in record.has_intervention],
        "arms": {a.label: a.has_intervention for a in record.has_arm},
        "doses": [
            f"{t.of_intervention}: {t.dose_value} {t.dose_unit} {t.frequency}".strip()
            for t in (*(t for a in record.has_arm for t in a.has_treatment), *record.has_unassigned_treatment)
            if t.dose_value is not None
        ],
        "outcomes": [f"{o.label} [{o.time_frame}]" for o in record.has_outcome],
        "inclusion": [text for text, exclusion in criteria if not exclusion],
        "exclusion": [text for text, exclusion in criteria if exclusion],
        "ages": [str(a) for a in (record.minimum_age, record.maximum_age) if a is not None],
        "enrollment": record.enrollment,
        "sponsor": [s.label for s in record.sponsor],
    }


def test_every_page_is_told_of() -> None:
    assert {path.name for path in SITES.iterdir()} - {"expected.json"} == set(EXPECTED)


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_what_a_page_says(name: str) -> None:
    source = read_document(name, (SITES / name).read_bytes())
    record, document = understand(source, builtin())
    assert found(record) == EXPECTED[name]
    for evidence in (e for node in (record, *record.has_criterion, *record.has_intervention) for e in node.evidence):
        assert document.text[evidence.start : evidence.end] == evidence.quote
