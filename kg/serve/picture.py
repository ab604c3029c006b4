"""Pictures as SVG: bars for an answer that is better looked at than read, and the neighbourhood of a trial.

Drawn here, so that a page needs no script and no other server; colours come from the style sheet, each shape has its words.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from lxml import etree
from lxml.builder import E

_WIDTH, _LEFT, _BAR, _STEP = 720, 200, 18, 24
_HEIGHT, _FOOT = 220, 40


_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


class Node(NamedTuple):
    """Something around a trial: its label, the class of the style sheet, where it leads, and what the line to it says."""

    label: str
    kind: str
    href: str
    relation: str


def _svg(width: float, height: float, title: str, parts: Sequence[etree._Element]) -> str:
    root = E.svg(
        E.title(_plain(title)),
        *parts,
        viewBox=f"0 0 {width:g} {height:g}",
        role="img",
        **{"class": "picture", "aria-label": _plain(title), "width": f"{width:g}", "height": f"{height:g}"},
    )
    text: str = etree.tostring(root, encoding="unicode")
    return text.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)


def _plain(text: str) -> str:
    """A text without the characters that XML has no place for."""
    return _CONTROL.sub("\ufffd", text)


def clipped(text: str, most: int = 30) -> str:
    """A label cut to a length."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def _text(x: float, y: float, text: str, kind: str = "", anchor: str = "start") -> etree._Element:
    return E.text(_plain(text), x=f"{x:.1f}", y=f"{y:.1f}", **{"class": kind, "text-anchor": anchor})


def bars(rows: Sequence[tuple[str, float]], title: str) -> str:
    """A bar a row, its value behind it."""
    most = max((value for _, value in rows), default=0) or 1
    parts = []
    for n, (label, value) in enumerate(rows):
        y = n * _STEP + 4
        length = max(1.0, (_WIDTH - _LEFT - 70) * value / most)
        bar = E.rect(
            E.title(_plain(f"{label}: {value:g}")),
            x=str(_LEFT),
            y=str(y),
            width=f"{length:.1f}",
            height=str(_BAR),
            rx="3",
        )
        bar.set("class", "bar s0")
        parts += [
            _text(_LEFT - 8, y + 13, clipped(label), "label", "end"),
            bar,
            _text(_LEFT + length + 6, y + 13, f"{value:g}", "value"),
        ]
    return _svg(_WIDTH, len(rows) * _STEP + 8, title, parts)


def columns(rows: Sequence[tuple[str, str, float]], title: str) -> str:
    """A column for each x, in their order, in parts for each series, which are named below: rows are (x, series, value)."""
    places = list(dict.fromkeys(x for x, _, _ in rows))
    series = sorted({name for _, name, _ in rows})
    total: dict[str, float] = defaultdict(float)
    for x, _, value in rows:
        total[x] += value
    most = max(total.values(), default=0) or 1
    width = min(60.0, (_WIDTH - 40) / max(1, len(places)))
    parts = []
    for n, x in enumerate(places):
        base = float(_HEIGHT)
        for place, name, value in rows:
            if place != x:
                continue
            height = (_HEIGHT - 24) * value / most
            base -= height
            piece = E.rect(
                E.title(_plain(f"{x}, {name}: {value:g}")),
                x=f"{20 + n * width + 2:.1f}",
                y=f"{base:.1f}",
                width=f"{width - 4:.1f}",
                height=f"{height:.1f}",
            )
            piece.set("class", f"bar s{series.index(name) % 8}")
            parts.append(piece)
        if len(places) <= 24 or n % math.ceil(len(places) / 24) == 0:
            parts.append(_text(20 + (n + 0.5) * width, _HEIGHT + 14, x, "label", "middle"))
        if len(places) <= 24:
            parts.append(_text(20 + (n + 0.5) * width, base - 4, f"{total[x]:g}", "value", "middle"))
    at = 20.0
    for n, name in enumerate(series if len(series) > 1 else ()):
        mark = E.rect(x=f"{at:.1f}", y=str(_HEIGHT + 24), width="10", height="10")
        mark.set("class", f"bar s{n % 8}")
        parts += [mark, _text(at + 14, _HEIGHT + 33, name, "label")]
        at += 34 + 6.6 * len(name)
    return _svg(max(_WIDTH, at), _HEIGHT + _FOOT, title, parts)


def histogram(values: Sequence[float], title: str, bins: int = 12) -> str:
    """How often values fall into equal parts of their range; a column for each value where they are few."""
    distinct = sorted(set(values))
    if len(distinct) <= bins:
        return columns([(f"{v:.15g}", "", float(values.count(v))) for v in distinct], title)
    low, high = distinct[0], distinct[-1]
    step = (high - low) / bins
    counts = [0] * bins
    for value in values:
        counts[min(bins - 1, int((value - low) / step))] += 1
    return columns([(f"{low + n * step:.3g}…", "", float(count)) for n, count in enumerate(counts)], title)


def neighbourhood(centre: str, nodes: Sequence[Node]) -> str:
    """A trial in the middle, what belongs to it around, each a link that says how it belongs."""
    width, height = 760.0, max(340.0, 40.0 + 26.0 * ((len(nodes) + 1) // 2))
    middle = (width / 2, height / 2)
    right, left = nodes[: (len(nodes) + 1) // 2], nodes[(len(nodes) + 1) // 2 :]
    lines, shapes = [], []
    for side, column in ((1, right), (-1, left)):
        for n, node in enumerate(column):
            y = (n + 0.5) * height / max(1, len(column))
            bend = abs(y - middle[1]) / (height / 2)
            x = middle[0] + side * (215 - 65 * bend * bend)
            line = E.line(x1=f"{middle[0]:.0f}", y1=f"{middle[1]:.0f}", x2=f"{x:.0f}", y2=f"{y:.0f}")
            line.set("class", "line")
            lines.append(line)
            dot = E.circle(cx=f"{x:.0f}", cy=f"{y:.0f}", r="6")
            dot.set("class", f"dot {node.kind}")
            label = _text(x + side * 11, y + 4, clipped(node.label, 26), "label", "start" if side > 0 else "end")
            shapes.append(E.a(E.title(_plain(f"{node.relation}: {node.label}")), dot, label, href=_plain(node.href)))
    disc = E.circle(cx=f"{middle[0]:.0f}", cy=f"{middle[1]:.0f}", r="46")
    disc.set("class", "dot trial")
    name = _text(middle[0], middle[1] + 4, clipped(centre, 13), "centre", "middle")
    return _svg(width, height, f"What belongs to {centre}", [*lines, *shapes, disc, name])
