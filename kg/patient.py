"""A patient as trials see one: age, sex, diseases, measurements, therapies; from simple JSON or YAML.

What a record does not say is unknown, not absent: ``complete`` names the lists that hold all there is, and ``absent`` an entry that is
known not to be there. FHIR bundles come to the same form (:mod:`kg.fhir`).
"""

from __future__ import annotations

import calendar
import datetime
import re
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import msgspec
import yaml

from kg import fhir
from kg.document import MAX_BYTES
from kg.errors import UsageError

_DATE = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2})(?:T.*)?)?)?")


class When(msgspec.Struct, frozen=True):
    """A day that is known to lie between two (a month or a year, where no more is given)."""

    first: datetime.date
    last: datetime.date

    def days_before(self, today: datetime.date) -> tuple[int, int]:
        """The least and the most days that have passed until ``today``."""
        return (today - self.last).days, (today - self.first).days


class _Entry(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    name: str = ""
    code: str = ""
    absent: bool = False


class Disease(_Entry):
    """A disease or finding. ``active``: it is there now; None where only ``until`` tells."""

    since: str = ""
    until: str = ""
    active: bool | None = None


class Therapy(_Entry):
    """A drug, operation or other therapy; one with a start and no end goes on unless ``ongoing`` says no."""

    start: str = ""
    end: str = ""
    ongoing: bool | None = None


class Measure(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """A measured quantity or a score. ``upper_limit`` and ``lower_limit``: of normal, in the same unit."""

    name: str
    value: Decimal
    unit: str = ""
    date: str = ""
    upper_limit: Decimal | None = None
    lower_limit: Decimal | None = None


class Patient(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """A patient on the day ``date`` (today when it is left out)."""

    id: str = ""
    date: str = ""
    age: Decimal | None = None
    birth_date: str = ""
    sex: Literal["", "female", "male"] = ""
    pregnant: bool | None = None
    nursing: bool | None = None
    healthy: bool | None = None
    conditions: list[Disease | str] = []
    measurements: list[Measure] = []
    therapies: list[Therapy | str] = []
    complete: list[Literal["conditions", "therapies"]] = []

    def day(self) -> datetime.date:
        """The day on which the patient is looked at."""
        found = when(self.date)
        return found.last if found else datetime.date.today()

    def years(self) -> tuple[Decimal, Decimal] | None:
        """The least and the greatest age in years; None when it is unknown."""
        if self.age is not None:
            return self.age, self.age
        born = when(self.birth_date)
        if born is None:
            return None
        least, most = born.days_before(self.day())
        return Decimal(f"{least / 365.25:.3f}"), Decimal(f"{most / 365.25:.3f}")

    def diseases(self) -> list[Disease]:
        """The diseases, those given by name only included."""
        return [Disease(name=one) if isinstance(one, str) else one for one in self.conditions]

    def treatments(self) -> list[Therapy]:
        """The therapies, those given by name only included."""
        return [Therapy(name=one) if isinstance(one, str) else one for one in self.therapies]


def when(text: str) -> When | None:
    """The day, month or year in a text such as "2024-03" (ISO 8601); None when there is none.

    >>> when("2024-02").last.isoformat()
    '2024-02-29'
    """
    match = _DATE.fullmatch(text.strip())
    if not match:
        return None
    year, month, day = (int(part) if part else None for part in match.groups())
    try:
        first = datetime.date(year or 0, month or 1, day or 1)
        last_month = month or 12
        return When(first, datetime.date(year or 0, last_month, day or calendar.monthrange(year or 1, last_month)[1]))
    except ValueError:
        return None


def load(path: Path) -> Patient:
    """The patient in a file: a FHIR R4 bundle, or simple JSON or YAML. Raises UsageError naming what is wrong."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise UsageError(f"{path}: is too large for a patient")
        data = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise UsageError(f"{path}: there is no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: cannot be read: {error}") from error
    try:
        value = msgspec.json.decode(data) if data.lstrip()[:1] == "{" else yaml.safe_load(data)
    except (msgspec.DecodeError, yaml.YAMLError, RecursionError) as error:
        raise UsageError(f"{path}: is neither JSON nor YAML: {error}") from error
    try:
        return read(value)
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from error


def read(value: Any) -> Patient:
    """The patient in a JSON value. Raises UsageError naming the part that is wrong."""
    if isinstance(value, dict) and value.get("resourceType"):
        value = fhir.as_patient(value)
    try:
        patient = msgspec.convert(value, Patient, strict=False)
    except msgspec.ValidationError as error:
        raise UsageError(f"is no patient: {error}") from error
    dates = [("date", patient.date), ("birthDate", patient.birth_date)]
    dates += [("since or until of a condition", d) for one in patient.diseases() for d in (one.since, one.until)]
    dates += [("start or end of a therapy", d) for one in patient.treatments() for d in (one.start, one.end)]
    dates += [("date of a measurement", one.date) for one in patient.measurements]
    for name, text in dates:
        if text and when(text) is None:
            raise UsageError(f"{name}: {text!r} is no date; write 2026-11-21, 2026-11 or 2026")
    for one in (*patient.diseases(), *patient.treatments()):
        if not (one.name or one.code):
            raise UsageError("a condition or therapy has neither name nor code")
    return patient
