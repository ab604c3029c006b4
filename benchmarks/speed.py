"""How long each stage of a build takes, beside floors in the same run: python benchmarks/speed.py [PATH] [NUMBER]

PATH is a folder, an archive or a file of records (examples/ unless said), of which NUMBER (150) spread over all are read. Times are
CPU seconds of one process; machines are noisy, so compare the ratios within one run. The floors: the bytes alone, their JSON or XML
parsed and nothing done with it, the statements' bytes written and nothing else, and the same statements read by rdflib.
"""

from __future__ import annotations

import io
import resource
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import orjson
import rdflib
from lxml import etree

from kg import jsonld
from kg.complete import complete, read_criteria, shared
from kg.document import read_document
from kg.errors import DocumentError
from kg.gate import validate
from kg.interpret import interpret
from kg.mesh import builtin
from kg.read import read
from kg.sources import find

T = TypeVar("T")


def parsed(data: bytes) -> object:
    """The JSON or XML of a record; the lines of anything else."""
    start = data.lstrip()[:1]
    if start == b"{":
        return orjson.loads(data)
    return etree.fromstring(data) if start == b"<" else data.splitlines()


def main() -> None:
    path = Path(sys.argv[1] if len(sys.argv) > 1 else "examples")
    number = int(sys.argv[2]) if len(sys.argv) > 2 else 150
    found = find([path])
    found = found[:: max(1, len(found) // number)][:number] * max(1, number // max(1, len(found)))
    seconds: dict[str, float] = defaultdict(float)
    index = builtin()
    validate(b"")

    def timed(name: str, work: Callable[[], T]) -> T:
        start = time.process_time()
        result = work()
        seconds[name] += time.process_time() - start
        return result

    trials = statements = 0
    out = io.BytesIO()
    for source in found:
        data = timed("floor: bytes alone", source.read)
        timed("floor: parsing alone", lambda data=data: parsed(data))
        document = timed("document", lambda source=source, data=data: read_document(source.name, data))
        try:
            record, document = timed("read", lambda document=document: read(document, index))
        except DocumentError:
            continue
        timed("interpret", lambda record=record, document=document: interpret(record, document, index))
        timed("criteria", lambda record=record, document=document: read_criteria(record, document, index))
        concepts = timed(
            "link and complete", lambda record=record, document=document: complete(record, document, index)
        )
        text = timed(
            "JSON-LD", lambda record=record, concepts=concepts: jsonld.document(record, shared(record, concepts))
        )
        own, common = timed("triples", lambda text=text: jsonld.lines([text]))
        lines = "\n".join(own | common).encode()
        timed("SHACL", lambda lines=lines: validate(lines))
        timed("floor: writing alone", lambda lines=lines: out.write(lines))
        if trials < 20:
            spent = seconds["floor: rdflib reads the statements"]
            timed(
                "floor: rdflib reads the statements", lambda lines=lines: rdflib.Graph().parse(data=lines, format="nt")
            )
            seconds["floor: rdflib reads the statements"] = spent + (
                seconds["floor: rdflib reads the statements"] - spent
            ) * len(found) / min(20, len(found))
        trials += 1
        statements += len(own) + len(common)
    total = sum(v for k, v in seconds.items() if not k.startswith("floor"))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{trials} trials, {statements} statements: {trials / total:.0f} trials/s, {statements / total:.0f} statements/s of CPU, peak {peak:.0f} MB"
    )
    for name, spent in sorted(seconds.items(), key=lambda item: -item[1]):
        rate = statements / spent if spent else 0
        print(f"{spent / total:7.1%} {1000 * spent / trials:8.2f} ms a trial {rate:12.0f} statements/s  {name}")


if __name__ == "__main__":
    main()
