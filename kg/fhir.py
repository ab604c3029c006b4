"""FHIR R4 bundles (https://hl7.org/fhir/R4) as the simple form of a patient.

Read are Patient, Condition, Observation, Procedure, MedicationStatement, MedicationAdministration and MedicationRequest. Entries
that were entered in error, and therapies that were not given, are left out. A bundle is never taken for complete.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kg import assets
from kg.errors import UsageError

_MESH = "mesh"
_PREGNANCY = "82810-3"
_PREGNANT = {"77386006": True, "60001007": False, "LA15173-0": True, "LA26683-5": False}
_MEDICATIONS = ("MedicationStatement", "MedicationAdministration", "MedicationRequest")


def as_patient(bundle: Any) -> dict[str, Any]:
    """The patient of a bundle as a JSON value. Raises UsageError when it holds none, or several."""
    if not isinstance(bundle, dict) or bundle.get("resourceType") not in ("Bundle", "Patient"):
        raise UsageError("is a FHIR resource, but no Bundle")
    resources = [bundle] if bundle["resourceType"] == "Patient" else list(_resources(bundle))
    patients = [one for one in resources if one.get("resourceType") == "Patient"]
    if len(patients) != 1:
        raise UsageError(f"is a FHIR bundle of {len(patients)} patients; give one patient")
    found = patients[0]
    patient: dict[str, Any] = {"id": str(found.get("id") or ""), "birthDate": str(found.get("birthDate") or "")}
    if found.get("gender") in ("female", "male"):
        patient["sex"] = found["gender"]
    if bundle.get("timestamp"):
        patient["date"] = str(bundle["timestamp"])[:10]
    conditions: list[dict[str, Any]] = []
    measurements: list[dict[str, Any]] = []
    therapies: list[dict[str, Any]] = []
    for one in resources:
        kind = one.get("resourceType")
        if one.get("status") == "entered-in-error" or "entered-in-error" in _codes(one.get("verificationStatus")):
            continue
        if kind == "Condition":
            conditions.append(_condition(one))
        elif kind == "Observation" and one.get("status") not in ("cancelled", "preliminary"):
            pregnant = _pregnancy(one)
            if pregnant is not None:
                patient["pregnant"] = pregnant
            measurements += list(_measurements(one))
        elif kind == "Procedure" and one.get("status") not in ("not-done", "preparation"):
            start, end = _period(one, "performed")
            therapies.append({**_named(one.get("code")), "start": start, "end": end or start})
        elif kind in _MEDICATIONS and one.get("status") not in ("not-taken", "not-done", "draft", "cancelled"):
            start, end = _period(one, "effective")
            ongoing = (
                True
                if one.get("status") == "active" and not end
                else False
                if one.get("status") == "completed"
                else None
            )
            therapies.append(
                {
                    **_named(one.get("medicationCodeableConcept")),
                    "start": start or _day(one.get("authoredOn")),
                    "end": end,
                    "ongoing": ongoing,
                }
            )
    patient["conditions"] = [one for one in conditions if one["name"] or one["code"]]
    patient["measurements"] = measurements
    patient["therapies"] = [one for one in therapies if one["name"] or one["code"]]
    return patient


def _resources(bundle: dict[str, Any]) -> Iterator[dict[str, Any]]:
    entries = bundle.get("entry")
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, dict) and isinstance(entry.get("resource"), dict):
            yield entry["resource"]


def _codings(concept: Any) -> list[dict[str, Any]]:
    codings = concept.get("coding") if isinstance(concept, dict) else None
    return [one for one in codings if isinstance(one, dict)] if isinstance(codings, list) else []


def _codes(concept: Any) -> list[str]:
    return [str(one.get("code") or "") for one in _codings(concept)]


def _named(concept: Any) -> dict[str, str]:
    """The words for a concept, and its MeSH identifier where one is given."""
    codings = _codings(concept)
    text = str(concept.get("text") or "") if isinstance(concept, dict) else ""
    display = next((str(one["display"]) for one in codings if one.get("display")), "")
    mesh = next((str(c.get("code")) for c in codings if _MESH in str(c.get("system") or "").lower()), "")
    return {"name": display or text, "code": mesh}


def _day(value: Any) -> str:
    return str(value or "")[:10]


def _period(resource: dict[str, Any], name: str) -> tuple[str, str]:
    period = resource.get(f"{name}Period")
    if isinstance(period, dict):
        return _day(period.get("start")), _day(period.get("end"))
    return _day(resource.get(f"{name}DateTime")), ""


def _condition(resource: dict[str, Any]) -> dict[str, Any]:
    statuses = _codes(resource.get("clinicalStatus"))
    active = None
    if statuses:
        active = any(status in ("active", "recurrence", "relapse") for status in statuses)
    return {
        **_named(resource.get("code")),
        "absent": "refuted" in _codes(resource.get("verificationStatus")),
        "since": _day(resource.get("onsetDateTime")),
        "until": _day(resource.get("abatementDateTime")),
        "active": active,
    }


def _pregnancy(resource: dict[str, Any]) -> bool | None:
    if _PREGNANCY not in _codes(resource.get("code")):
        return None
    return next((_PREGNANT[c] for c in _codes(resource.get("valueCodeableConcept")) if c in _PREGNANT), None)


def _measurements(resource: dict[str, Any]) -> Iterator[dict[str, Any]]:
    date = _day(resource.get("effectiveDateTime"))
    components = resource.get("component")
    for one in [resource, *(components if isinstance(components, list) else ())]:
        if not isinstance(one, dict):
            continue
        quantity = one.get("valueQuantity")
        value = quantity.get("value") if isinstance(quantity, dict) else one.get("valueInteger")
        if not isinstance(value, (int, float)) or isinstance(value, bool):
            continue
        loinc = assets.facts("patient")["loinc"]
        name = next((loinc[c] for c in _codes(one.get("code")) if c in loinc), "") or _named(one.get("code"))["name"]
        if not name:
            continue
        unit = str(quantity.get("code") or quantity.get("unit") or "") if isinstance(quantity, dict) else ""
        measure: dict[str, Any] = {
            "name": name,
            "value": str(value),
            "unit": "" if unit == "{score}" else unit,
            "date": date,
        }
        ranges = one.get("referenceRange")
        for limits in ranges if isinstance(ranges, list) else ():
            for side, target in (("high", "upperLimit"), ("low", "lowerLimit")):
                limit = limits.get(side) if isinstance(limits, dict) else None
                if isinstance(limit, dict) and isinstance(limit.get("value"), (int, float)):
                    measure.setdefault(target, str(limit["value"]))
        yield measure
