"""What a trial reported: participant flow, measures by group with their analyses, and adverse events.

The model follows the results section of ClinicalTrials.gov (https://clinicaltrials.gov/data-api/about-api/study-data-structure);
``of_group`` and ``compares`` hold local ids of result groups, ``of_arm`` the label of an arm, ``of_outcome`` the local id of an outcome:
IRIs once the record is complete.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from kg.node import Node


class ResultGroup(Node):
    """Participants whose results are reported together. ``of_arm``: the arm of the same name."""

    description: str = ""
    of_arm: str = ""
    deaths: int | None = None
    death_at_risk: int | None = None
    seriously_affected: int | None = None
    serious_at_risk: int | None = None
    otherwise_affected: int | None = None
    other_at_risk: int | None = None


class GroupCount(Node):
    """A number of participants (or of ``count_unit``) of one group; of ``at_risk``, with so many ``event_count``."""

    of_group: str = ""
    count: int | None = None
    count_unit: str = ""
    at_risk: int | None = None
    event_count: int | None = None


class FlowStep(Node):
    """A milestone or a reason to leave (the label), in a ``period`` of the trial."""

    period: str = ""
    order: int = 0
    has_count: list[GroupCount] = []


class MeasuredValue(Node):
    """One value of a measure in one group. ``value_text`` is as written; ``category`` the row that it stands in."""

    of_group: str = ""
    category: str = ""
    measured_value: Decimal | None = None
    value_text: str = ""
    lower_limit: Decimal | None = None
    upper_limit: Decimal | None = None
    spread: Decimal | None = None


class Analysis(Node):
    """A statistical comparison of groups. ``p_value_comparator`` is ``lt`` for "<0.001"."""

    compares: list[str] = []
    hypothesis_type: str = ""
    p_value: Decimal | None = None
    p_value_comparator: str = ""
    p_value_text: str = ""
    statistical_method: str = ""
    estimate_type: str = ""
    estimate: Decimal | None = None
    lower_limit: Decimal | None = None
    upper_limit: Decimal | None = None
    confidence_level: Decimal | None = None


class ReportedMeasure(Node):
    """An outcome or a baseline characteristic as reported. ``of_outcome``: the planned outcome of the same words."""

    of_outcome: str = ""
    reported_as: str = ""
    description: str = ""
    order: int = 0
    time_frame: str = ""
    parameter: str = ""
    dispersion: str = ""
    measurement_unit: str = ""
    population: str = ""
    has_count: list[GroupCount] = []
    has_measurement: list[MeasuredValue] = []
    has_analysis: list[Analysis] = []


class AdverseEvent(Node):
    """A kind of adverse event (the label), serious or other, with those affected in each group."""

    organ_system: str = ""
    source_vocabulary: str = ""
    assessment: str = ""
    order: int = 0
    has_count: list[GroupCount] = []


#: A node of results that holds others.
Reported = FlowStep | ReportedMeasure | AdverseEvent


def parts(node: Reported) -> Iterator[tuple[str, Sequence[GroupCount | MeasuredValue | Analysis]]]:
    """The lists of nodes within a node of results, each with the name that their IRIs have."""
    yield "count", node.has_count
    if isinstance(node, ReportedMeasure):
        yield "value", node.has_measurement
        yield "analysis", node.has_analysis
