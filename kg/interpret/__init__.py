"""Understanding: what the prose of a record means for its arms, treatments, design and criteria."""

from __future__ import annotations

from kg.document import Document
from kg.interpret.arms import infer_arms
from kg.interpret.design import read_design, read_stopping
from kg.interpret.names import (
    infer_conditions,
    infer_interventions,
    split_combinations,
    type_interventions,
)
from kg.interpret.outcomes import read_time_frames
from kg.interpret.regimen import read_treatments
from kg.mesh import MeshIndex
from kg.record import TrialRecord


def interpret(record: TrialRecord, document: Document, index: MeshIndex) -> TrialRecord:
    """Fill in what the record's passages say in prose. Changes the record and returns it."""
    read_design(record)
    read_stopping(record)
    infer_conditions(record, index)
    type_interventions(record, index)
    split_combinations(record, index)
    infer_arms(record, index)
    if infer_interventions(record, index):
        infer_arms(record, index)
    read_treatments(record, document, index)
    read_time_frames(record)
    return record
