"""What prose says of a trial's design, and of its early end."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from kg import assets
from kg.document import Quote
from kg.read.fields import phases
from kg.record import TrialRecord


@cache
def _rows(name: str) -> list[tuple[dict[str, Any], re.Pattern[str]]]:
    return [(row, re.compile(row["pattern"], re.I)) for row in assets.facts("prose")[name]]


@cache
def _own_trial() -> re.Pattern[str]:
    return re.compile(assets.facts("prose")["own_trial"], re.I)


def _sentences(record: TrialRecord, roles: tuple[str, ...]) -> list[Quote]:
    return [s for p in record.passages if p.role in roles for s in p.quote.sentences()]


def read_design(record: TrialRecord) -> None:
    """Phase, masking, allocation and model from sentences about this trial, where no field gives them.

    Only sentences that name the trial itself count: other trials are described in the same words.
    """
    for sentence in _sentences(record, ("summary", "description")):
        if not _own_trial().search(sentence.text):
            continue
        for row, pattern in _rows("design"):
            if match := pattern.search(sentence.text):
                record.set(row["field"], row["code"], sentence.group(match))
        if not record.phase and (
            match := re.search(r"\bphase\s+(?:[0-4]|I{1,3}V?|IV)(?:[/-]\S+)?", sentence.text, re.I)
        ):
            phases(record, sentence.group(match))


def read_stopping(record: TrialRecord) -> None:
    """Status and reason of a trial that ended early, from its results section or from the reason that a field gives."""
    for sentence in _sentences(record, ("results",)):
        for row, pattern in _rows("stopped"):
            if match := pattern.search(sentence.text):
                record.set("overallStatus", row["status"], sentence.group(match))
    if record.overall_status not in ("Terminated", "Withdrawn", "Suspended"):
        return
    for sentence in _sentences(record, ("results", "whyStopped")):
        for row, pattern in _rows("reason"):
            if pattern.search(sentence.text):
                record.set("whyStopped", sentence.words, sentence)
                record.add("stopReason", row["code"], sentence)
