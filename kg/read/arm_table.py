"""The arms table of a ClinicalTrials.gov page, line by line."""

from __future__ import annotations

import re
from collections.abc import Mapping

from kg import terms
from kg.document import Quote
from kg.record import Arm, Intervention, TrialRecord

_ARM_TYPES = ("Experimental", "Active Comparator", "Placebo Comparator", "Sham Comparator", "No Intervention", "Other")
_ARM = re.compile(rf"({'|'.join(_ARM_TYPES)}):\s*(.*)")
_OTHER_NAMES = re.compile(r"Other Names?:\s*(.*)", re.I)
_BULLET = re.compile(r"[•·*-]\s+")


def _typed(line: Quote, types: Mapping[str, str]) -> tuple[str, Quote] | None:
    """Class and name of an intervention line such as "Drug: imatinib mesylate"."""
    match = re.match(rf"({'|'.join(map(re.escape, types))}):\s*(\S.*)", line.text)
    return (types[match[1]], line.group(match, 2)) if match else None


def _known(record: TrialRecord, kind: str, name: str) -> Intervention | None:
    for one in record.has_intervention:
        if one.kind == kind and one.name.casefold() == name.casefold():
            return one
    return None


def _describe(record: TrialRecord, target: Arm | Intervention, line: Quote) -> None:
    target.description = f"{target.description}\n{line.words}".strip()
    target.cite(line, supports=["treatmentDescription" if isinstance(target, Intervention) else "armDescription"])


def read_arms(record: TrialRecord, lines: list[Quote], types: Mapping[str, str], *, typed: bool) -> None:
    """Fill the arms of the record, and the descriptions and other names of its interventions.

    An arm's line begins with its type ("Experimental: ..."); "Other: ..." is an arm unless an intervention of that
    kind has that name. ``typed`` is False for the groups of observational studies, whose labels stand alone.
    """
    target: Arm | Intervention | None = None
    after_interventions = True
    for line in lines:
        found = _typed(line, types)
        known = _known(record, found[0], found[1].words) if found else None
        header = _ARM.match(line.text)
        if found and (known or (record.has_arm and not header)):
            if not known:
                known = Intervention(name=found[1].words, kind=found[0])
                known.cite(line)
                record.has_intervention.append(known)
            if record.has_arm:
                record.has_arm[-1].gets(known.name, line)
            target, after_interventions = known, True
        elif header:
            label = line.group(header, 2) or line.group(header, 1)
            target = Arm(
                label=label.words, arm_type=terms.code("ArmTypeScheme", header[1]), order=len(record.has_arm) + 1
            )
            target.cite(line)
            record.has_arm.append(target)
            after_interventions = False
        elif not typed and after_interventions and not (isinstance(target, Intervention) and target.description):
            target = Arm(label=line.words, order=len(record.has_arm) + 1)
            target.cite(line)
            record.has_arm.append(target)
            after_interventions = False
        elif isinstance(target, Intervention) and (other := _OTHER_NAMES.match(line.text)):
            _other_names(target, line.group(other, 1))
        elif target is not None and (not isinstance(target, Intervention) or line.words not in target.description):
            _describe(record, target, line)


def _other_names(target: Intervention, quote: Quote) -> None:
    for match in re.finditer(r"[^,;]+", quote.text):
        target.also_called(quote.group(match))


def read_intervention_details(record: TrialRecord, lines: list[Quote], types: Mapping[str, str]) -> None:
    """Fill descriptions and other names from a list without arms: a bullet an intervention, its text, "Other Names:"."""
    target: Intervention | None = None
    names = False
    for line in lines:
        bullet = _BULLET.match(line.text)
        bare = line.part(bullet.end() if bullet else 0, len(line.text)).strip()
        found = _typed(bare, types)
        if found:
            target = _known(record, found[0], found[1].words)
            if target is None:
                target = Intervention(name=found[1].words, kind=found[0])
                target.cite(bare)
                record.has_intervention.append(target)
            names = False
        elif target is None:
            continue
        elif other := _OTHER_NAMES.match(bare.text):
            names = True
            if other[1]:
                _other_names(target, bare.group(other, 1))
        elif names and bullet:
            target.also_called(bare)
        else:
            names = False
            _describe(record, target, bare)
