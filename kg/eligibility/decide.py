"""How the constraints of a criterion turn out, one by one and together."""

from __future__ import annotations

import re
from collections import defaultdict
from decimal import Decimal

from kg import assets
from kg.criteria.bounds import canonical
from kg.criteria.bounds import find as limits
from kg.criteria.cues import pattern
from kg.eligibility import meant, sexes, therapies
from kg.eligibility.bounds import bound
from kg.eligibility.chart import Chart, name_of, variable_of
from kg.eligibility.requirements import Concept, Constraint, Criterion, Trial
from kg.eligibility.truth import Reasoned, Truth, deciding, every, opposite, some, telling

#: "Patients with X are eligible provided ...": whom a trial is for.
_WHO_MAY = re.compile(
    r"\W{0,6}(?:all |adult )?(?:patients|subjects|participants|people|persons|individuals|women|men|children) with\b[^.;]{0,120}?\b(?:are|is|will be) (?:eligible|included|enrolled)\b",
    re.I,
)
_WHO_MAY_IF = re.compile(
    r"\W{0,6}(?:all |adult )?(?:patients|subjects|participants|people|persons|individuals|women|men|children) (?:with|who)\b[^.;]{0,120}?\b(?:are|is|may be|will be) (?:eligible|included|enrolled|allowed)\b[^.;]{0,30}\b(?:if|provided|when)\b",
    re.I,
)
#: What stands about a disease in words such as "if hepatic metastases are present".
_OF_WHOM = re.compile(
    r"^\W*+(?:(?:if|for|in|with|patients?|subjects?|participants?|those|who|has|have|having|known|documented|the|presence|of)\s++)++"
    r"|(?<!\s)(?:\s++(?:are|is|present|exists?|noted|only)){1,6}+\W*+$",
    re.I,
)
#: A permission under a condition.
_ALLOWED_IF = re.compile(
    r"\b(?:eligible|allowed|permitted|enrolled|included|participate|acceptable)\b[^.;]{0,90}?\b(?:if|provided|when|as long as|only)\b",
    re.I,
)
#: How a statement begins that denies something in a list of what excludes, where it may say so once more: "Have not had surgery".
_MUST_NOT = re.compile(
    r"\W{0,9}+(?:(?:subjects?|patients?|participants?)\s(?:who\s)?)?(?:(?:do|does|did|have|has|is|are)\s{1,3}not\b|not\s{1,3}(?:currently\s)?(?:pregnant|nursing|breast|lactating))",
    re.I,
)
#: Kinds of constraints on what is named, and what parts two ways of meeting a criterion.
_NAMED = ("Diagnosis", "PriorTherapy", "ConcurrentTherapy")
_OTHERWISE = re.compile(
    r",\sor\s(?=(?:the\s|an?\s)?(?:current\s|prior\s|previous\s)?(?:use|history|presence|receipt|need|diagnosis|treatment|have|has|had|are|is|who|on|receiving)\b)",
    re.I,
)
#: Words that show that a disease is the one that the trial is about.
_DEFINING = re.compile(
    r"\b(?:newly diagnosed|histologically|cytologically|pathologically|confirmed|untreated|relapsed|refractory|stage)\b",
    re.I,
)
_NURSING = re.compile(r"nurs|breast|lactat", re.I)
_NOT_THERE = re.compile(r"\b(?:no|not|without|absence|absent)\b", re.I)


def _apart(criterion: Criterion, one: Constraint, trial: Trial) -> list[str]:
    """The trial's own diseases, where a criterion speaks of another ("no other malignancy")."""
    label = re.escape(one.concept_label.split(" ")[-1]) if one.concept_label else ""
    other = "|".join(assets.facts("patient")["other"])
    found = label and re.search(rf"\b(?:{other})\b[^.;]{{0,60}}?{label}", criterion.text, re.I)
    return trial.conditions if found and one.modality == "Forbidden" else []


def _is_studied(one: Constraint, trial: Trial, seen: Chart) -> bool:
    """Whether a disease is what the trial studies, or a form of it."""
    studied = {seen.exact(node) for node in trial.conditions} - {""}
    return any(not studied.isdisjoint({seen.exact(node), *seen.above(node)}) for node in one.concepts)


def _holds(one: Constraint, criterion: Criterion, trial: Trial, seen: Chart) -> Reasoned:
    """Whether what a constraint speaks of holds of the patient, apart from whether it must."""
    if one.variable or one.kind == "Measurement":
        return bound(one, seen)
    if one.kind == "Pregnancy":
        told = seen.patient.nursing if _NURSING.search(one.concept_label) else seen.patient.pregnant
        if seen.patient.sex == "male":
            return False, "the patient is male"
        return told, f"{one.concept_label}: {'not given' if told is None else 'yes' if told else 'no'}"
    if one.kind in ("PriorTherapy", "ConcurrentTherapy") and one.concepts and not variable_of(one.concept_label):
        return therapies.had(one, criterion, seen)
    diseases = [node for node in one.concepts if seen.is_disease(node)]
    if one.kind in ("Diagnosis", "Demographic", "Biomarker") and diseases:
        apart = _apart(criterion, one, trial)
        found = [seen.has_disease(node, one.exceptions, one.maximum_time_since, apart) for node in diseases]
        truth, reason = some(truth for truth, _ in found), telling(found)
        if truth:
            return meant.disease(one, criterion, diseases, seen, reason)
        return truth, reason
    label = one.concept_label or "what is asked"
    return None, f"{label}: not in a patient's record" if one.kind in (
        "Consent",
        "Contraception",
    ) else f"{label} is not understood well enough"


def _when(words_: str, seen: Chart) -> Truth:
    """Whether the condition under which a constraint counts is true of the patient."""
    if (sex := sexes.named(words_)) and seen.patient.sex:
        return seen.patient.sex == sex
    truths: list[Truth] = []
    other_way = bool(_NOT_THERE.search(words_)) != words_.lower().startswith("unless")
    asked_name = name_of(_OF_WHOM.sub("", words_))
    for thing in seen.diseases:
        if thing.name and thing.name == asked_name:
            return other_way == thing.entry.absent
    for start, end, owners in seen.index.mentions(words_):
        named = words_[start:end]
        owners = [one for one in owners if seen.index.in_trees(one, ("C", "F03"))]
        if not owners:
            continue
        nodes = {owner: Concept(label=named, exact=owner, within=set(seen.index.closure(owner))) for owner in owners}
        asked = seen.about(nodes)
        truth = some(asked.has_disease(owner)[0] for owner in owners)
        more = asked_name - name_of(named)  # "liver involvement by tumor" is not any tumor
        truths.append(None if truth and more else truth)
    truths += [
        bound(
            Constraint(
                variable=limit.variable,
                comparator=limit.comparator,
                value=str(limit.value),
                unit=limit.unit,
                relative_to=limit.relative_to,
                canonical_value=str(canonical(limit) or ""),
            ),
            seen,
        )[0]
        for limit in limits(words_)
        if limit.variable
    ]
    if not truths:
        return None
    found = some(truths) if re.search(r"\bor\b", words_) else every(truths)
    return opposite(found) if other_way else found


def _holds_for(one: Constraint, seen: Chart) -> Truth:
    """Whether a variant counts for the patient; of a permission ("2 is also allowed") nobody can tell for whom it was given."""
    holds = _when(one.applies_when, seen)
    return holds or (None if pattern("also").match(one.applies_when) else holds)


def _one(one: Constraint, criterion: Criterion, trial: Trial, seen: Chart) -> Reasoned:
    """Whether one constraint is satisfied: a required one holds, a forbidden one does not."""
    if (
        one.modality == "Required"
        and criterion.kind.startswith("Exclusion")
        and (one.kind in _NAMED or one.kind == "Pregnancy")
        and _MUST_NOT.match(criterion.text)
    ):
        _, reason = _holds(one, criterion, trial, seen)
        return None, f"{reason}; whether it is asked for or barred, the words must tell"
    if one.modality == "Allowed" and pattern("at_most").search(criterion.text):
        had, reason = _holds(one, criterion, trial, seen)
        return (True, reason) if had is False else (None, f"{reason}; how much or when, the words must tell")
    if one.modality == "Allowed":
        if not one.concept_label and not one.variable:
            return None, "is not understood well enough"
        whom = one.kind == "Diagnosis" and _WHO_MAY.match(criterion.text)
        if whom and (_DEFINING.search(criterion.text) or _is_studied(one, trial, seen)):
            had, reason = _holds(one, criterion, trial, seen)
            return (True, reason) if had else (None, f"{reason}; whether others may take part, the words must tell")
        if _ALLOWED_IF.search(criterion.text):
            had, reason = _holds(one, criterion, trial, seen)
            return (True, reason) if had is False else (None, f"{reason}; under which condition, the words must tell")
        return True, f"{one.concept_label or 'this'} is allowed"
    if one.kind == "PriorTherapy" and one.minimum_time_since and one.concepts and one.modality == "Required":
        return therapies.asked(one, criterion, seen)
    held, reason = _holds(one, criterion, trial, seen)
    truth, reason = meant.narrowed(one, held, held, reason)
    since = one.kind == "Diagnosis" and one.minimum_time_since and one.modality == "Required"
    if since and truth is not None and pattern("since").search(criterion.text):
        return (True, reason) if truth is False else (None, f"{reason}; how long ago, the words must tell")
    return (opposite(truth) if one.modality == "Forbidden" else truth), reason


def _is_range(group: list[Constraint]) -> bool:
    """Whether bounds on one quantity enclose values ("2 to 5"), rather than leave them out ("under 3 or over 30")."""
    low = [one for one in group if one.comparator in ("ge", "gt")]
    high = [one for one in group if one.comparator in ("le", "lt")]
    if not group[0].variable or not low or not high:
        return False
    lower, upper = (Decimal(one[0].canonical_value or one[0].value) for one in (low, high))
    return lower <= upper


def _is_own_condition(one: Constraint) -> bool:
    """Whether a bound says itself for whom something counts ("if less than 18 years of age"), and is not asked of anybody."""
    return bool(
        one.applies_when and one.value and re.search(rf"(?<![\d.]){re.escape(one.value)}(?![\d.])", one.applies_when)
    )


def _of_group(group: list[Constraint], criterion: Criterion, trial: Trial, seen: Chart) -> Reasoned:
    """Constraints that belong together: bounds on one quantity, with the variants that count for some people."""
    own = [one for one in group if _is_own_condition(one)]
    if own and len(own) == len(group):
        met = [_one(one, criterion, trial, seen) for one in own]
        truth, reason = every(t for t, _ in met), deciding(met)
        return (
            (True, f"does not apply: {reason}")
            if truth is False
            else (None, f"{reason}: what counts then, the words tell")
        )
    group = [one for one in group if one not in own]
    always = [one for one in group if not one.applies_when]
    variants = [(one, _holds_for(one, seen)) for one in group if one.applies_when]
    base = [_one(one, criterion, trial, seen) for one in always]
    if len(always) > 1 and all(one.modality == "Forbidden" for one in always) and _is_range(always):
        plain: Reasoned = (some(t for t, _ in base), deciding(base))  # a forbidden range: both its ends must hold
    else:
        plain = (every(t for t, _ in base), deciding(base))
    wider = bool(variants) and all(pattern("also").match(one.applies_when) for one, _ in variants)
    if not variants or (wider and plain[0]):
        return plain
    true = [_one(one, criterion, trial, seen) for one, holds in variants if holds]
    if true:
        return every(t for t, _ in true), deciding(true)
    unsure = [_one(one, criterion, trial, seen) for one, holds in variants if holds is None]
    if not always:
        if not unsure and sexes.wanted(trial) and all(sexes.is_only(o.applies_when) for o, _ in variants):
            return False, f"the patient is {seen.patient.sex}"
        return (
            (True, "counts for others")
            if not unsure
            else (True if every(t for t, _ in unsure) else None, deciding(unsure))
        )
    if any(truth is not plain[0] for truth, _ in unsure):
        return None, f"{plain[1]}; it depends: {next(o.applies_when for o, h in variants if h is None)}"
    return plain


def _groups(constraints: list[Constraint]) -> list[list[Constraint]]:
    together: dict[tuple[str, str], list[Constraint]] = defaultdict(list)
    wider: list[Constraint] = []
    plain = {one.variable for one in constraints if not one.applies_when}
    for number, one in enumerate(constraints):
        if one.variable in plain and one.applies_when and pattern("also").match(one.applies_when):
            wider.append(one)  # "0 or 1 (2 is allowed if due to the tumor)": good enough at either end
            continue
        same_end = one.comparator if one.modality == "Required" else ""
        together[(one.variable, same_end) if one.variable else ("", str(number))].append(one)
    for (variable, _), group in together.items():
        group += [one for one in wider if one.variable == variable]
    return list(together.values())


def _at_odds(constraints: list[Constraint]) -> list[str]:
    """The quantities of which nobody has a value that all bounds allow: each bound is for some people or some time."""
    bounds_: dict[str, list[Constraint]] = defaultdict(list)
    for one in constraints:
        if one.variable and one.modality == "Required" and not one.applies_when and not one.relative_to:
            bounds_[one.variable].append(one)
    found = []
    for name, group in bounds_.items():
        low = [Decimal(o.canonical_value) for o in group if o.canonical_value and o.comparator in ("ge", "gt", "eq")]
        high = [Decimal(o.canonical_value) for o in group if o.canonical_value and o.comparator in ("le", "lt", "eq")]
        if low and high and max(low) > min(high):
            found.append(name)
    return found


def _unscored(constraints: list[Constraint], seen: Chart) -> list[Constraint]:
    """The constraints less the forbidden diseases whose severity a forbidden score of the same criterion tells."""
    scores = {one.variable for one in constraints if one.modality == "Forbidden"}
    told = {assets.facts("patient")["scored"].get(variable) for variable in scores} - {None}
    return [
        one
        for one in constraints
        if not (
            told
            and one.kind == "Diagnosis"
            and one.modality == "Forbidden"
            and any(told & seen.above(n) for n in one.concepts)
        )
    ]


def _has_another_way(criterion: Criterion) -> bool:
    """Whether an inclusion is one thing "..., or" another of which no constraint says anything."""
    asked = [one for one in criterion.constraints if one.modality == "Required"]
    plain = asked and all(one.kind in _NAMED and one.concept_label and not one.alternative for one in asked)
    if not plain or criterion.kind.startswith("Exclusion") or not criterion.remainder:
        return False
    parts = _OTHERWISE.split(" ".join(criterion.text.split()))
    return len(parts) > 1 and not all(any(one.concept_label in part for one in asked) for part in parts)


def decide(criterion: Criterion, trial: Trial, seen: Chart) -> Reasoned:
    """Whether a patient satisfies a criterion, with the reason that decides."""
    if not criterion.constraints:
        return None, "is not computable: read the words"
    if for_others := sexes.for_others(criterion, trial, seen):
        return for_others
    constraints = _unscored(criterion.constraints, seen)
    # What is allowed beside what is asked decides nothing.
    constraints = [one for one in constraints if one.modality != "Allowed"] or constraints
    always = [one for one in constraints if not one.alternative]
    odd = _at_odds(always)
    always = [one for one in always if one.variable not in odd]
    found: list[Reasoned] = [(None, "bounds that exclude each other: read the words") for _ in odd[:1]]
    found += [_of_group(group, criterion, trial, seen) for group in _groups(always)]
    ways: dict[str, list[Constraint]] = defaultdict(list)
    for one in constraints:
        if one.alternative:
            ways[one.alternative].append(one)
    if ways:
        each = []
        barred = [one.modality == "Forbidden" for group in ways.values() for one in group]
        excludes = criterion.kind.startswith("Exclusion") and any(barred)
        for group in ways.values():
            inner = [_of_group(part, criterion, trial, seen) for part in _groups(group)]
            if excludes or all(one.modality == "Forbidden" for one in group):
                held = some(t for t, _ in inner)
                each.append((held, deciding([one for one in inner if one[0] is held] or inner)))
            else:
                each.append((every(t for t, _ in inner), deciding(inner)))
        # Of several ways one must hold; of several that are forbidden none may.
        truth = every(t for t, _ in each) if excludes or all(barred) else some(t for t, _ in each)
        decisive = [one for one in each if one[0] is truth] or each
        found.append((truth, deciding(decisive)))
    truth = every(t for t, _ in found)
    reason = deciding([one for one in found if one[0] is truth] or found)
    if truth is False and _has_another_way(criterion):
        return None, f"{reason}; the words name another way"
    if truth and len(constraints) < len(criterion.constraints) and _WHO_MAY_IF.match(criterion.text):
        return None, f"{reason}; under which condition, the words must tell"
    if truth and criterion.remainder:
        return None, f"{reason}; the words say more: {criterion.remainder}"
    return truth, reason
