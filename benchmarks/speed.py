"""How long each stage of a build takes, beside floors in the same run: python benchmarks/speed.py [FOLDER]

Times are CPU seconds of one process; machines are noisy, so compare the ratios within one run.
"""

from __future__ import annotations

import sys
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from kg import jsonld
from kg.complete import complete, read_criteria, shared
from kg.document import read_document
from kg.errors import DocumentError
from kg.gate import validate
from kg.interpret import interpret
from kg.mesh import builtin
from kg.read import read

T = TypeVar("T")


def main() -> None:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "examples")
    files = [p for p in sorted(folder.rglob("*.txt")) if p.is_file()]
    repeat = max(1, 200 // max(1, len(files)))
    seconds: dict[str, float] = defaultdict(float)
    index = builtin()
    validate(b"")

    def timed(name: str, work: Callable[[], T]) -> T:
        start = time.process_time()
        result = work()
        seconds[name] += time.process_time() - start
        return result

    trials = statements = 0
    for file in files * repeat:
        data = timed("floor: bytes from disk", file.read_bytes)
        document = timed("document", lambda file=file, data=data: read_document(file.name, data))
        timed("floor: split into lines", lambda document=document: document.text.splitlines())
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
        quads = timed("triples", lambda text=text: list(jsonld.quads([text])))
        lines = timed("N-Triples", lambda quads=quads: sorted({f"{q.triple} ." for q in quads}))
        timed("SHACL", lambda lines=lines: validate("\n".join(lines).encode()))
        trials += 1
        statements += len(lines)
    total = sum(v for k, v in seconds.items() if not k.startswith("floor"))
    print(
        f"{trials} trials, {statements} statements: {trials / total:.0f} trials/s, {statements / total:.0f} statements/s of CPU"
    )
    for name, spent in sorted(seconds.items(), key=lambda item: -item[1]):
        print(f"{spent / total:7.1%} {1000 * spent / trials:8.2f} ms a trial  {name}")


if __name__ == "__main__":
    main()
