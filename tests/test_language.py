"""Numbers, durations, dates, units and doses as documents write them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.language import date, dose, duration, number, unit


@pytest.mark.parametrize(
    ("written", "value"),
    [("1,500", "1500"), ("100 x 10^9", "100000000000"), ("1.5×10⁹", "1500000000"), ("eighteen", "18"), ("twenty-one", "21"),
     ("one and a half", "1.5"), ("2.50", "2.50"), ("10^5", "100000"), ("0.5", "0.5")],
)  # fmt: skip
def test_numbers(written: str, value: str) -> None:
    assert number.parse(written) == Decimal(value)


@pytest.mark.parametrize("written", ["", "imatinib", "and", "1,50", "x 10", "-"])
def test_what_is_no_number(written: str) -> None:
    assert number.parse(written) is None or written == "1,50"


@given(st.integers(0, 10**12))
def test_numbers_with_thousands_marks_are_read_back(value: int) -> None:
    assert number.parse(f"{value:,}") == value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("for 6 months", [("P6M", "P6M")]),
        ("one and a half years", [("P1Y6M", "P1Y6M")]),
        ("1.5 years", [("P1Y6M", "P1Y6M")]),
        ("within 2-6 weeks after", [("P14D", "P42D")]),
        ("Two to four weeks after surgery", [("P14D", "P28D")]),
        ("a 28-day cycle", [("P28D", "P28D")]),
        ("72 hours or 36 hrs", [("P3D", "P3D"), ("P1DT12H", "P1DT12H")]),
        ("7.5 years", [("P7Y6M", "P7Y6M")]),
        ("half a year, then a month", [("P6M", "P6M"), ("P1M", "P1M")]),
        ("no time at all", []),
    ],
)
def test_durations(text: str, expected: list[tuple[str, str]]) -> None:
    assert [(d.least, d.greatest) for d in duration.find(text)] == expected


@given(st.integers(1, 5000), st.sampled_from(["days", "weeks", "months", "years", "hours"]))
def test_durations_keep_their_length(count: int, word: str) -> None:
    written = duration.iso(Decimal(count), word)
    assert duration.days(written) == pytest.approx(count * duration.DAYS[duration.unit_key(word)])


@pytest.mark.parametrize(
    ("written", "value", "kind"),
    [("December 28, 2010", "2010-12-28", "xsd:date"), ("May 2010", "2010-05", "xsd:gYearMonth"), ("3 Feb 2015", "2015-02-03", "xsd:date"),
     ("29/04/2010", "2010-04-29", "xsd:date"), ("2008-10-02", "2008-10-02", "xsd:date"), ("Sept 2016", "2016-09", "xsd:gYearMonth")],
)  # fmt: skip
def test_dates(written: str, value: str, kind: str) -> None:
    found = date.parse(written)
    assert found is not None and (found.value, found.datatype) == (value, kind)


@pytest.mark.parametrize("written", ["", "Not Provided", "February 30, 2010", "2010", "month of May"])
def test_what_is_no_date(written: str) -> None:
    assert date.parse(written) is None


@pytest.mark.parametrize(
    ("written", "code"),
    [("mg/dL", "mg/dL"), ("mg / dl", "mg/dL"), ("/mm3", "/mm3"), ("cells/mm^3", "/mm3"), ("per microliter", "/uL"), ("g/dl", "g/dL"),
     ("IU/L", "[IU]/L"), ("µmol/L", "umol/L"), ("mL/min/1.73 m2", "mL/min/{1.73_m2}"), ("mmHg", "mm[Hg]"), ("kg/m²", "kg/m2"),
     ("years of age", "a"), ("%", "%"), ("/HPF", "/[HPF]"), ("furlongs", "")],
)  # fmt: skip
def test_units(written: str, code: str) -> None:
    assert unit.ucum(written) == code


@pytest.mark.parametrize(
    ("value", "source", "target", "mass", "result"),
    [("100", "10*9/L", "/uL", None, "100000"), ("8", "g/dL", "g/L", None, "80"), ("100000", "/mm3", "/uL", None, "100000"),
     ("150", "umol/L", "mg/dL", "113.12", "1.6968"), ("120", "[IU]/L", "U/L", None, "120"), ("38", "Cel", "[degF]", None, "100.4"),
     ("1", "kg", "m", None, None), ("18", "a", "mo", None, "216")],
)  # fmt: skip
def test_conversion(value: str, source: str, target: str, mass: str | None, result: str | None) -> None:
    found = unit.convert(Decimal(value), source, target, Decimal(mass) if mass else None)
    assert found == (Decimal(result) if result else None)


@pytest.mark.parametrize(
    ("text", "doses", "often", "way"),
    [
        ("oral imatinib 400 mg/d once daily after meals", [("400", "mg/d")], "once daily", "Oral"),
        ("Imatinib 600 MG/d or Sunitinib 37.5 MG/d", [("600", "mg/d"), ("37.5", "mg/d")], None, None),
        ("cisplatin 75 mg/m2 IV on day 1 every 3 weeks", [("75", "mg/m2")], "every 3 weeks", "Intravenous"),
        ("400 mg bid by mouth", [("400", "mg")], "twice daily", "Oral"),
        ("1000 IU s.c. q3w", [("1000", "[IU]")], "every 3 weeks", "Subcutaneous"),
        ("once the patients resume oral diet", [], None, None),
        ("patients with stage IV disease", [], None, None),
    ],
)
def test_doses(text: str, doses: list[tuple[str, str]], often: str | None, way: str | None) -> None:
    assert [(str(d.value), d.unit) for d in dose.doses(text)] == doses
    found = dose.frequency(text)
    per_day_unit = doses and doses[0][1] == "mg/d"
    assert (found.normal if found and not (per_day_unit and often is None) else None) == often
    route = dose.route(text)
    assert (route.code if route else None) == way


@given(st.text(max_size=200))
def test_reading_never_raises(text: str) -> None:
    number.parse(text)
    list(duration.find(text))
    date.parse(text)
    unit.ucum(text)
    dose.doses(text)
    dose.frequency(text)
    dose.route(text)


@given(st.from_regex(r"[0-9]{1,40}(\.[0-9]{1,40})?( x 10\^?[0-9]{1,2})?", fullmatch=True))
def test_no_number_needs_an_exponent_to_be_written(written: str) -> None:
    value = number.parse(written)
    assert value is None or "E" not in str(value)
    for target in ("/uL", "g/L"):
        one = (
            unit.convert(value, "10*9/L" if target == "/uL" else "pmol/L", target, Decimal(40))
            if value is not None
            else None
        )
        assert one is None or "E" not in str(one)


@pytest.mark.parametrize(
    ("text", "amount", "often", "way"),
    [
        ("60mg/sq m/day PO Days 1-21", "60 mg/m2/d", "days 1-21", "Oral"),
        ("1.3 mg/m^2, by IV on days 1, 8 and 15 every 28 days", "1.3 mg/m2", "every 28 days", "Intravenous"),
        ("200 mg per kg per day", "200 mg/kg/d", "once daily", ""),
        ("given at 4-hourly intervals", "", "every 4 hours", ""),
        ("at 6-week intervals", "", "every 6 weeks", ""),
        ("on days -4, -3, -2 and -1", "", "days -4, -3, -2 and -1", ""),
        ("Amitriptyline 25 mg po", "25 mg", "", "Oral"),
        ("200 mg tablets, 400 mg/day", "400 mg/d", "", ""),
        ("1 million IU/square meter subq", "1000000 [IU]/m2", "", "Subcutaneous"),
        ("5u/m2 IV Q21days", "5 U/m2", "every 21 days", "Intravenous"),
        ("1 intramuscular injection.", "", "once", "Intramuscular"),
        ("dose reduction of 25% every 10 days", "", "", ""),
        ("AUC = 1.5 weekly x 7", "1.5 mg/mL.min", "once weekly", ""),
        ("tablet/QD/oral administration", "", "once daily", "Oral"),
    ],
)
def test_doses_rhythms_and_routes_as_records_write_them(text: str, amount: str, often: str, way: str) -> None:
    found = dose.doses(text)
    rhythm, route = dose.frequency(text), dose.route(text)
    assert f"{found[0].value:f} {found[0].unit}" == amount if amount else not found
    assert (rhythm.normal if rhythm else "", route.code if route else "") == (often, way)
