"""The rows that AACT has of one trial, as a study in the form of the API v2, which :mod:`kg.read.study` reads."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from kg import assets
from kg.document import Document
from kg.errors import DocumentError
from kg.read import study
from kg.read.xml_text import put
from kg.record import TrialRecord

Row = Mapping[str, str]
_BREAK = re.compile(r"~(?!\s?\d)")


def is_record(value: Mapping[str, Any]) -> bool:
    """Whether a JSON object holds such rows."""
    return isinstance(value.get("aact"), dict)


def read(document: Document, value: Mapping[str, Any]) -> tuple[TrialRecord, Document]:
    """The record, and the document as read (see :mod:`kg.read.rendering`). Raises DocumentError."""
    tables: dict[str, list[Row]] = {name: list(rows) for name, rows in value["aact"].items()}
    if not tables.get("studies"):
        raise DocumentError("broken-table", "has rows of a trial that the table of studies does not list")
    return study.read(document, as_study(tables), "aact")


def _text(value: str) -> str:
    """A value with its line breaks, which the files write as "~"; "t" and "f" are yes and no.

    A "~" before a number says "about", unless paragraphs are parted by "~~" in the same text.
    """
    if value in ("t", "f"):
        return "Yes" if value == "t" else "No"
    if "\n" in value or "~" not in value:
        return value
    return value.replace("~", "\n") if "~~" in value else _BREAK.sub("\n", value)


def as_study(tables: Mapping[str, list[Row]]) -> dict[str, Any]:
    """The rows of a trial as a study of the API v2."""
    facts = assets.facts("aact")
    protocol: dict[str, Any] = {}
    for table, column, path in facts["single"]:
        for row in tables.get(table, [])[:1]:
            put(protocol, path, _text(row.get(column, "")))
    for table, column, path, word in facts["flags"]:
        if any(row.get(column) == "t" for row in tables.get(table, [])):
            _add(protocol, path, word)
    for table, column, path, where, wanted in facts["lists"]:
        for row in tables.get(table, []):
            if row.get(column) and (not where or row.get(where) == wanted):
                _add(protocol, path, _text(row[column]))
    for part in facts["parts"]:
        column, wanted = part.get("where", ("", ""))
        for row in tables.get(part["table"], []):
            if not column or row.get(column) == wanted:
                made: dict[str, Any] = {}
                for name, target in part["names"].items():
                    put(made, target, _text(row.get(name, "")))
                if made:
                    _add(protocol, part["path"], made)
    for row in tables.get("id_information", []):
        if row.get("id_type") == "org_study_id":
            put(protocol, "identificationModule.orgStudyIdInfo.id", row.get("id_value", ""))
    for row in tables.get("sponsors", []):
        if row.get("lead_or_collaborator") == "lead":
            put(protocol, "sponsorCollaboratorsModule.leadSponsor.name", row.get("name", ""))
            put(protocol, "sponsorCollaboratorsModule.leadSponsor.class", row.get("agency_class", ""))
    put(protocol, "designModule.phases", [row["phase"] for row in tables["studies"][:1] if row.get("phase")])
    _arms(protocol, tables)
    derived: dict[str, Any] = {}
    for table, module in (
        ("browse_conditions", "conditionBrowseModule"),
        ("browse_interventions", "interventionBrowseModule"),
    ):
        for row in tables.get(table, []):
            kind = "ancestors" if row.get("mesh_type") == "mesh-ancestor" else "meshes"
            _add(derived, f"{module}.{kind}", {"term": row.get("mesh_term", "")})
    for row in tables.get("countries", []):
        if row.get("removed") == "t":
            _add(derived, "miscInfoModule.removedCountries", row.get("name", ""))
    return {"protocolSection": protocol, "derivedSection": derived}


def _add(tree: dict[str, Any], path: str, value: Any) -> None:
    *above, last = path.split(".")
    for name in above:
        tree = tree.setdefault(name, {})
    tree.setdefault(last, []).append(value)


def _arms(protocol: dict[str, Any], tables: Mapping[str, list[Row]]) -> None:
    """Arms and interventions, which a third table joins by their numbers."""
    labels = {row.get("id", ""): row.get("title", "") for row in tables.get("design_groups", [])}
    for row in tables.get("design_groups", []):
        group = {"label": row.get("title", ""), "type": row.get("group_type", "")}
        put(group, "description", _text(row.get("description", "")))
        _add(protocol, "armsInterventionsModule.armGroups", group)
    given: dict[str, list[str]] = defaultdict(list)
    for row in tables.get("design_group_interventions", []):
        if label := labels.get(row.get("design_group_id", "")):
            given[row.get("intervention_id", "")].append(label)
    others: dict[str, list[str]] = defaultdict(list)
    for row in tables.get("intervention_other_names", []):
        others[row.get("intervention_id", "")].append(row.get("name", ""))
    for row in tables.get("interventions", []):
        one: dict[str, Any] = {"type": row.get("intervention_type", ""), "name": row.get("name", "")}
        put(one, "description", _text(row.get("description", "")))
        put(one, "armGroupLabels", given[row.get("id", "")])
        put(one, "otherNames", others[row.get("id", "")])
        _add(protocol, "armsInterventionsModule.interventions", one)
