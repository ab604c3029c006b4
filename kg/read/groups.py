"""Arms, interventions and outcomes of a page of any site: tables by their columns, lists by their marks."""

from __future__ import annotations

import re
from itertools import pairwise

from kg import assets, terms
from kg.document import Quote
from kg.mesh import key
from kg.read import fields
from kg.read.blocks import Block
from kg.read.cells import cell, parts, tables
from kg.read.ctgov import TYPE, TYPES
from kg.read.labels import columns_of
from kg.read.page import Section
from kg.record import Arm, Intervention, TrialRecord

_TYPE_WORDS = {terms.normal(name): kind for name, kind in TYPES.items()} | assets.facts("labels")["kinds"]
_TYPED = re.compile(r"([A-Za-z][A-Za-z /]{2,24}?)\s*+(?::|(?<=\s)[–—-]\s)\s*+(?=\S)")
_TYPE_AFTER = re.compile(r"(?:(?<!\s)\s++)?+[(\[]\s*+([A-Za-z ]{3,25})\s*+[)\]]\s*+$")
_ARM_TYPES = "experimental|active comparator|placebo comparator|sham comparator|no intervention|comparator|control|intervention arm|other"
_ARM_TYPED = re.compile(rf"({_ARM_TYPES})\s*+(?::|(?<=\s)[–—-]\s)\s*+(?=\S)", re.I)
_ARM_TYPE_AFTER = re.compile(
    rf"(?:(?<!\s)\s++)?+[(\[]\s*+({_ARM_TYPES})(?:\s++arm)?\s*+[)\]]\s*+$|(?<!\s)\s{{3,}}+({_ARM_TYPES})\s*+$", re.I
)
_ARM_NAMED = re.compile(
    r"((?:arm|group|cohort|part|level|regimen|strategy)\s+(?:[A-Z0-9]{1,3}|I{1,3}V?)\b(?:\s*\([^)]{1,60}\))?)\s*(?:[:.–—-]\s*|$)",
    re.I,
)
_SPLIT = re.compile(r"\s(?:[–—-]|:)\s|:\s+|\s*\n\s*|\s{3,}")
_COLUMNS = ("type", "intervention", "name", "description", "otherNames", "arm")
_NAMED_PART = re.compile(r"(name|title|type|description|other names?|synonyms)\s*:\s*(?=\S)", re.I)
_DRUG_LABEL = re.compile(r"drug|medicin|product|medication|agent|compound", re.I)
_PROCEDURE_LABEL = re.compile(r"procedure|surg|operation", re.I)
_PLACEBO = re.compile(r"(?:\b\w++ )?+(?:placebos?|sham)\b", re.I)
_DOSE = re.compile(
    r"(?<![\w.-])\(?\d[\d.,]{0,20}(?:\s?(?:-|–|to|x|×)\s?\d[\d.,]{0,20})?\s?(?:mg|mcg|µg|μg|micrograms?|milligrams?|grams?|g|ml|iu|units?|c?gy|mmol|mci|gbq|mbq)\b"
    r"(?:\s?/\s?\w+)?",
    re.I,
)
_RECEIVED = re.compile(
    r"\b(?:receiv\w+|given|treat\w+|tak(?:e|ing)|undergo\w*|administ\w+|mg|weeks?|days?|daily)\b", re.I
)


def _kind(word: str) -> str:
    return str(_TYPE_WORDS.get(terms.normal(word), ""))


def _typed(quote: Quote) -> tuple[str, Quote]:
    """The kind that a line gives and the rest of it: "Drug: imatinib", "Imatinib (drug)"; "" when it gives none."""
    if (match := _TYPED.match(quote.text)) and (kind := _kind(match[1])):
        return kind, quote.part(match.end(), len(quote.text)).strip()
    if (match := _TYPE_AFTER.search(quote.text)) and (kind := _kind(match[1])):
        return kind, quote.part(0, match.start()).strip()
    return "", quote


def _each_type(block: Block) -> list[Block]:
    """Several typed interventions on one line ("Drug: A; Drug: B") come apart."""
    starts = [m.start() for m in TYPE.finditer(block.text.text)]
    if block.kind == "row" or len(starts) < 2 or starts[0] > 0:
        return [block]
    quotes = (block.text.part(a, b).strip(" ;,|\n") for a, b in pairwise([*starts, len(block.text.text)]))
    return [Block("text", quote, (quote,)) for quote in quotes]


def _each_line(block: Block) -> list[Block]:
    """Lines of a cell or paragraph that are names one below the other; a name with its description stays whole."""
    lines = [q.strip() for q in block.text.lines() if q.strip()]
    boxes = len(lines) == 1 and "   " in lines[0].text  # that stand side by side
    if boxes:
        lines = [lines[0].group(m) for m in re.finditer(r"(?:(?!\s{3}).)+", lines[0].text)]
    if block.kind == "row" or len(lines) < 2 or _typed(lines[0])[0] or parts(block.text).keys() - {""}:
        return [block]
    if (block.seam and not boxes) or not all(len(q.text.split()) <= 8 or _DOSE.search(q.text[:60]) for q in lines):
        return [block]
    return [Block(block.kind, line, (line,), block.level) for line in lines]


def _others(one: Intervention, quote: Quote) -> None:
    for match in re.finditer(r"[^,;\n]+", quote.text):
        one.also_called(quote.group(match))


def _describe(arm: Arm, text: Quote) -> None:
    if text.strip() and text.words not in arm.description:
        arm.description = f"{arm.description}\n{text.words}".strip()
        arm.cite(text.strip(), supports=["armDescription"])


def _mentions(text: str, name: str) -> bool:
    return f" {key(name)} " in f" {key(text)} "


class Groups:
    """Adds the arms and interventions of a page to a record, which it keeps by name."""

    def __init__(self, record: TrialRecord) -> None:
        self.record = record
        self._known = {key(i.name): i for i in record.has_intervention}
        self._arms = {a.label.casefold(): a for a in record.has_arm}

    def _add(self, name: Quote, kind: str, description: Quote | None = None) -> Intervention | None:
        """Add an intervention. From its dose on, a name describes how it is given, which in units of mass tells a drug."""
        dose = _DOSE.search(name.text)
        if dose and dose.start() > 2 and (not kind or len(name.text.split()) > 5):
            how = name.part(dose.start(), len(name.text))
            description = description or how
            kind = kind or ("Radiation" if "gy" in dose.group().lower() else "Drug")
            name = name.part(0, dose.start())
        elif not kind and description and (dose := _DOSE.search(description.text)):
            kind = "Radiation" if "gy" in dose.group().lower() else "Drug"
        name = name.strip(" \t\u00a0.,;:-–—(")
        if (
            not name
            or len(name.text) > 200
            or re.fullmatch(
                r"(?:none|nil|null|n/?a|no intervention|not (?:applicable|provided|available))", name.text, re.I
            )
        ):
            return None
        one = self._known.get(key(name.text))
        if one is None:
            one = self._known[key(name.text)] = Intervention(name=name.words, kind=kind)
            self.record.has_intervention.append(one)
        one.kind = one.kind or kind
        one.cite(name)
        if description and description.strip() and description.words not in one.description:
            one.description = f"{one.description}\n{description.words}".strip()
            one.cite(description.strip(), supports=["treatmentDescription"])
        return one

    def read_interventions(self, blocks: list[Block], label: str = "") -> None:
        """Add the interventions of a section: typed or bare names, name and description, or prose, which is kept as such.

        ``label``: that of the section, which may say the kind ("Study drug").
        """
        last: Intervention | None = None
        told = "Drug" if _DRUG_LABEL.search(label) else "Procedure" if _PROCEDURE_LABEL.search(label) else ""
        before = len(self.record.has_intervention)
        arm: Arm | None = None
        named_at: Block | None = None
        pending = ""  # a kind that stands on a line of its own, before the name
        blocks = [line for block in blocks for one in _each_type(block) for line in _each_line(one)]
        for block, columns in tables(blocks, _COLUMNS):
            if columns and (named := cell(block, columns, "intervention", "name")):
                kind_cell = cell(block, columns, "type")
                kind, bare = _typed(named)
                last = self._add(
                    bare, _kind(kind_cell.text) if kind_cell else kind, cell(block, columns, "description")
                )
                if last and (others := cell(block, columns, "otherNames")):
                    _others(last, others)
                continue
            if block.kind == "row" and len(block.cells) > 1:
                kind = _kind(block.cells[0].text)
                named_by = columns_of(Block("row", block.quote, block.cells[:1], header=True), _COLUMNS)
                if "arm" in named_by:  # "Group: | Test group", and below it what the group gets
                    arm = self._arm(block.cells[1], "", None)
                elif arm and "intervention" in named_by:
                    self._given(arm, block.cells[1])
                elif named_by or block.cells[0].text.endswith(":"):
                    continue
                elif kind:
                    last = self._add(block.cells[1], kind, block.cells[2] if len(block.cells) > 2 else None)
                else:
                    kind, bare = _typed(block.cells[0])
                    last = self._add(bare, kind, block.cells[-1])
                continue
            named_part = _NAMED_PART.match(block.text.text) if block.kind == "text" else None
            if named_part and (value := block.text.part(named_part.end(), len(block.text.text)).strip()):
                last = self._part(last, named_part[1].lower(), value)
            elif last and block.kind == "text" and (match := _ARM_NAMED.fullmatch(block.text.text)):
                self._link(block.text.group(match, 1), last)
            elif kind := _kind(block.text.text):
                pending, last = kind, None
            elif pending and last is None:
                last, pending = self._add(block.text, pending), ""
                named_at = block
            elif last is not None and named_at is not None and not last.description:
                last.description, named_at = block.text.words, None
                last.cite(block.text, supports=["treatmentDescription"])
            else:
                last = self._one_intervention(block, last)
        for one in self.record.has_intervention[before:]:
            one.kind = one.kind or told or ("OtherIntervention" if _PLACEBO.match(one.name) else "")

    def _part(self, last: Intervention | None, label: str, value: Quote) -> Intervention | None:
        """A line such as "Name: X", "Type: Drug" or "Description: Y", one below the other."""
        if label in ("name", "title"):
            return self._add(value, "")
        if last is not None and label == "type":
            last.kind = _kind(value.text) or last.kind
        elif last is not None and label == "description":
            last.description = f"{last.description}\n{value.words}".strip()
            last.cite(value, supports=["treatmentDescription"])
        elif last is not None:
            _others(last, value)
        return last

    def _one_intervention(self, block: Block, last: Intervention | None) -> Intervention | None:
        text = block.text.strip()
        told = parts(text)
        lead = told.get("", [text])[0]
        kind, bare = _typed(lead)
        rest: Quote | None = None
        line = bare.text.find("\n")
        if line >= 0:
            bare, rest = bare.part(0, line).strip(), bare.part(line, len(bare.text)).strip()
        elif block.seam > bare.start:
            rest = bare.part(block.seam - bare.start, len(bare.text)).strip(" :–—-.")
            bare = bare.part(0, block.seam - bare.start).strip(" :–—-")
            if not kind and (kind := _kind(bare.text)):
                bare, rest = rest, None
        if told.get("armlabel") and len(told.get("", [])) > 1:
            rest = told[""][-1]
        if names := told.get("name") or told.get("title"):
            kind = kind or _kind(told["type"][0].text if told.get("type") else "")
            bare, rest = names[0], told["description"][0] if told.get("description") else rest
        if (
            rest is None
            and not kind
            and (dose := _DOSE.search(bare.text))
            and 2 < dose.start() < 60
            and "," not in bare.text[: dose.start()]
        ):
            return self._add(bare, kind) or last
        if rest is None and (cut := _SPLIT.search(bare.text)) and len(bare.text[: cut.start()].split()) <= 8:
            rest, bare = bare.part(cut.end(), len(bare.text)).strip(), bare.part(0, cut.start()).strip()
        if (len(bare.text.split()) > 10 or (bare.text.endswith(".") and len(bare.text.split()) > 4)) and not kind:
            if last and block.kind == "text" and not last.description:  # the words below a name describe it
                last.description = text.words
                last.cite(text, supports=["treatmentDescription"])
            else:
                fields.passage(self.record, "outline", text)
            return last
        if last and (dose := _DOSE.search(bare.text)) and dose.start() < 3 and not last.description:
            last.description = text.words
            last.cite(text, supports=["treatmentDescription"])
            return last
        if re.match(r"other names?\b|also known as|brand name|synonyms?\b", lead.text, re.I) and last:
            _others(last, lead.part(lead.text.find(":") + 1, len(lead.text)))
            return last
        if not kind and rest is None and re.search(r"[,;+]|\band\b", bare.text) and block.kind != "item":
            pieces = [bare.group(m).strip() for m in re.finditer(r"(?:(?!\s{0,9}[,;+]|\s{1,9}and\s).)+", bare.text)]
            pieces = [p.part(4, len(p.text)) if p.text.startswith("and ") else p for p in pieces if p]
            if all(0 < len(p.text.split()) <= 5 for p in pieces) and len(pieces) > 1:
                for piece in pieces:
                    last = self._add(_typed(piece)[1], _typed(piece)[0])
                return last
        one = self._add(bare, kind, rest)
        for label in told.get("armlabel", []):
            if one:
                self._link(label, one)
        return one or last

    def _link(self, label: Quote, one: Intervention) -> None:
        """An intervention that names its arm: kept until the arms are known, which may stand before or after."""
        self._known_arm(label).gets(one.name, label)

    def _known_arm(self, label: Quote) -> Arm:
        """The arm of this label, which is added when there is none."""
        arm = self._arms.get(label.words.casefold())
        if arm is None:
            arm = self._arms[label.words.casefold()] = Arm(label=label.words, order=len(self.record.has_arm) + 1)
            self.record.has_arm.append(arm)
        return arm

    def _arm(self, label: Quote, kind: str, description: Quote | None) -> Arm | None:
        if (match := _ARM_TYPE_AFTER.search(label.text)) and match.start() > 0:
            kind, label = kind or match[1] or match[2], label.part(0, match.start())
        elif match := _ARM_TYPED.match(label.text):
            kind, label = kind or match[1], label.part(match.end(), len(label.text))
        label = label.strip(" \t\u00a0:.–—-")
        if not label or len(label.text) > 200:
            return None
        arm = self._known_arm(label)
        arm.arm_type = arm.arm_type or terms.code("ArmTypeScheme", kind)
        arm.cite(label)
        if description:
            _describe(arm, description)
        return arm

    def read_arms(self, section: Section) -> None:
        """Add the arms of a section: rows of a table, headings with text below, or lines such as "Arm A: ..."."""
        blocks = section.blocks()
        arm: Arm | None = None
        before = len(self.record.has_arm)
        for block, columns in tables(blocks, ("arm", "type", "intervention", "description", "name")):
            quote = block.text.strip()
            if columns and (label := cell(block, columns, "arm", "name")):
                kind_cell = cell(block, columns, "type")
                arm = self._arm(label, kind_cell.text if kind_cell else "", cell(block, columns, "description"))
                if arm and (getting := cell(block, columns, "intervention")):
                    self._given(arm, getting)
                continue
            if block.kind == "row" and len(block.cells) > 1:
                arm = self._arm(block.cells[0].strip(), "", block.cells[-1])
                if arm and len(block.cells) > 2:
                    self._given(arm, block.cells[1])
                elif arm and len(block.cells[-1].text.split()) <= 8:
                    self._given(arm, block.cells[-1])
                continue
            told = parts(quote)
            if labels := told.get("armlabel"):
                arm = self._arm(labels[0], "", told[""][-1] if told.get("") else None)
            elif block.kind == "heading":
                arm = self._arm(quote, "", None)
            elif match := _ARM_NAMED.match(quote.text):
                rest = quote.part(match.end(), len(quote.text)).strip()
                if not rest or _RECEIVED.search(rest.text) or len(rest.text.split()) > 6:
                    arm = self._arm(quote.group(match, 1), "", rest or None)
                else:
                    arm = self._arm(quote, "", None)
            elif block.seam > quote.start and block.seam - quote.start < 120:
                cut = block.seam - quote.start
                arm = self._arm(quote.part(0, cut), "", quote.part(cut, len(quote.text)).strip(" :–—-"))
            elif (match := _ARM_TYPED.match(quote.text)) or (block.kind == "item" and _SPLIT.search(quote.text)):
                cut_at = _SPLIT.search(quote.text, match.end() if match else 0)
                label = quote.part(0, cut_at.start()) if cut_at else quote
                arm = self._arm(label, "", quote.part(cut_at.end(), len(quote.text)) if cut_at else None)
            elif block.kind == "item" and len(quote.text.split()) <= 12 and arm is None:
                self._arm(quote, "", None)
            elif arm is not None:
                _describe(arm, quote)
            else:
                kind, name = _typed(quote)
                if kind:
                    self._add(name, kind)
                else:
                    fields.passage(self.record, "outline", quote)
        for one in self.record.has_arm[before:]:
            self._named_in(one)

    def _given(self, arm: Arm, quote: Quote) -> None:
        """The interventions of an arm in a cell of their own: several are parted by lines, semicolons, commas or "+"."""
        for match in re.finditer(r"(?:(?!\s{0,9}+(?<=\s)\+\s|\s{0,9}[;\n]).)+", quote.text):
            kind, name = _typed(quote.group(match))
            getting: list[Intervention]
            known = [i for i in self.record.has_intervention if _mentions(name.text, i.name)]
            if (not kind and len(known) > 1) or (known and len(name.text.split()) > 6):
                getting = known
            elif len(name.text.split()) > 8 and not kind:
                _describe(arm, name)
                continue
            else:
                getting = [one] if (one := self._add(name, kind)) else []
            for one in getting:
                arm.gets(one.name, quote)

    def _named_in(self, arm: Arm) -> None:
        """An arm gets the interventions of the record that its label or description names.

        Where it names none but begins with a name and a dose ("Apixaban 5 mg twice daily"), that is what the arm gets.
        """
        if arm.has_intervention:
            return
        for one in self.record.has_intervention:
            if any(
                _mentions(text, name) for text in (arm.label, arm.description) for name in (one.name, *one.other_names)
            ):
                arm.has_intervention.append(one.name)
        for cited in list(arm.evidence) if not arm.has_intervention else []:
            quote = Quote(cited.start or 0, cited.end or 0, cited.quote)
            dose = _DOSE.search(quote.text)
            if dose and 1 <= len(quote.text[: dose.start()].split()) <= 3 and (new := self._add(quote, "")):
                arm.has_intervention.append(new.name)
                return
