"""Arms that a page tells in prose, in its title, or by having one group only."""

from __future__ import annotations

import re
from functools import cache

from kg import assets
from kg.document import Quote
from kg.interpret.events import pattern
from kg.interpret.names import intervention_named
from kg.mesh import MeshIndex, words
from kg.mesh.linker import choose
from kg.record import Arm, TrialRecord

_WITH_OR_WITHOUT = re.compile(
    r"\b(?:with or without|with/without|\+/-|±|alone or (?:in combination )?with|with and without)\b", re.I
)
_RECEIVES = re.compile(
    r"(?:receiv\w{1,9}+|continu\w{1,9}+|undergo\w{0,9}+|tak(?:e|ing)|given|treated with|treatment with|re-?introduc\w{1,9}+(?: of)?|"
    r"stop\w{0,9}+|start\w{0,9}+)\s++(?:\w++\s){0,3}$",
    re.I,
)


@cache
def _vague() -> frozenset[str]:
    return frozenset(assets.facts("linking")["generic"])


def _treatments_in(quote: Quote, index: MeshIndex) -> list[tuple[int, int, str]]:
    """Drugs and procedures that a text names: place and MeSH identifier."""
    found: list[tuple[int, int, str]] = []
    for start, end, owners in index.mentions(quote.text):
        identifier = choose(owners, "OtherIntervention", index)
        vague = all(w.stem in _vague() for w in words(quote.text[start:end]))
        if identifier and not vague and index.in_trees(identifier, ("D", "E02", "E04")):
            found.append((start, end, identifier))
    return found


def infer_arms(record: TrialRecord, index: MeshIndex) -> None:
    """Give arms to a record whose page has no table of them, when its words tell them."""
    if record.has_arm:
        return
    _ordinal_arms(record, index)
    if not record.has_arm:
        _labelled_arms(record)
    if not record.has_arm:
        _with_or_without(record, index)
    if not record.has_arm and record.intervention_model == "SingleGroup" and record.has_intervention:
        arm = Arm(label="All participants", order=1, inferred=True)
        arm.has_intervention = [i.name for i in record.has_intervention]
        model = next((e for e in record.evidence if "interventionModel" in e.supports), None)
        for one in [model] if model else []:
            arm.cite(Quote(one.start or 0, one.end or 0, one.quote))
        record.has_arm.append(arm)


def _ordinal_arms(record: TrialRecord, index: MeshIndex) -> None:
    """Arms from sentences such as "In the first arm, patients ..."; what follows belongs to the arm before it."""
    for passage in record.passages:
        if passage.role not in ("summary", "description", "outline"):
            continue
        arms: list[Arm] = []
        for sentence in passage.quote.sentences():
            if match := pattern("ordinal").match(sentence.text):
                label = sentence.group(match, 1)
                arms.append(Arm(label=label.words[:1].upper() + label.words[1:], order=len(arms) + 1))
            elif not arms or not re.match(r"(?:This|That|The) (?:arm|group)\b|They\b|Patients\b", sentence.text):
                continue
            arms[-1].description = f"{arms[-1].description} {sentence.words}".strip()
            arms[-1].cite(sentence, supports=["armDescription"])
            for start, end, identifier in _treatments_in(sentence, index):
                if _RECEIVES.search(sentence.text[:start]):
                    intervention_named(record, sentence.part(start, end), identifier, index)
        if len(arms) >= 2:
            record.has_arm = arms
            return


def _labelled_arms(record: TrialRecord) -> None:
    """Arms from an outline such as "Arm I: Patients receive ... Arm II: Patients receive ..."."""
    for passage in record.passages:
        if passage.role not in ("summary", "description", "outline"):
            continue
        text = passage.quote
        matches = list(pattern("labelled").finditer(text.text))
        labels = [m[1].casefold() for m in matches]
        if len(set(labels)) < 2 or len(set(labels)) != len(labels):
            continue
        for i, match in enumerate(matches):
            stop = matches[i + 1].start() if i + 1 < len(matches) else len(text.text)
            body = text.part(match.end(), stop)
            if i + 1 == len(matches) and (
                blank := re.search(r"\n\s*\n|Patients are followed|PROJECTED ACCRUAL", body.text)
            ):
                body = body.part(0, blank.start())
            body = body.strip(" \t\r\n-•*")
            if not body:
                continue
            arm = Arm(label=match[1], order=i + 1, description=body.words)
            arm.cite(text.group(match, 1))
            arm.cite(body, supports=["armDescription"])
            record.has_arm.append(arm)
        return


def _with_or_without(record: TrialRecord, index: MeshIndex) -> None:
    """ "A with or without B" in a title is two arms, one with A and one with both. Inferred, and marked so."""
    title = next((p.quote for p in record.passages if p.role == "title"), None)
    phrase = _WITH_OR_WITHOUT.search(title.text) if title else None
    if title is None or phrase is None:
        return
    found = _treatments_in(title, index)
    before = [f for f in found if f[1] <= phrase.start()]
    after = [f for f in found if f[0] >= phrase.end()]
    if not before or not after:
        return
    base, added = before[-1], after[0]
    names = [
        intervention_named(record, title.part(start, end), identifier, index)
        for start, end, identifier in (base, added)
    ]
    quote = title.part(base[0], added[1])
    labels = [title.part(base[0], base[1]).words, title.part(added[0], added[1]).words]
    labels[0] = labels[0][:1].upper() + labels[0][1:]
    for order, (label, getting) in enumerate(((labels[0], names[:1]), (f"{labels[0]} and {labels[1]}", names)), 1):
        arm = Arm(label=label, order=order, inferred=True, has_intervention=[i.name for i in getting])
        arm.cite(quote)
        record.has_arm.append(arm)
