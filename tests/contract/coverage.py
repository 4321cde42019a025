"""Which success codes each operation has answered with, over all runs on a database; fails where one is missing.

With the id of an operation as its argument it leaves that operation's answers out, and so has to fail.
"""

from __future__ import annotations

import json
import os
import pathlib
import sys
from collections import Counter


class Recorder:
    """Counts answers by operation and status, and keeps them in a file of this process's own."""

    def __init__(self) -> None:
        directory = pathlib.Path(os.environ["CONTRACT_COVERAGE"])
        directory.mkdir(parents=True, exist_ok=True)
        self.file = directory / f"{os.getpid()}.json"
        self.counts: Counter[tuple[str, int]] = Counter()

    def seen(self, operation: str, status: int) -> None:
        self.counts[operation, status] += 1

    def keep(self) -> None:
        rows = [[operation, status, count] for (operation, status), count in self.counts.items()]
        self.file.write_text(json.dumps(rows))


def wanted(document: dict) -> list[tuple[str, int]]:
    """Every operation with each success code that the document has for it."""
    return [
        (operation["operationId"], int(status))
        for item in document["paths"].values()
        for operation in item.values()
        for status in operation["responses"]
        if status[0] in "23"
    ]


def collected(directory: pathlib.Path) -> Counter[tuple[str, int]]:
    counts: Counter[tuple[str, int]] = Counter()
    for file in directory.glob("*.json"):
        for operation, status, count in json.loads(file.read_text()):
            counts[operation, status] += count
    return counts


def main() -> int:
    document = json.loads(pathlib.Path(os.environ["CONTRACT_DOCUMENT"]).read_text())
    counts = collected(pathlib.Path(os.environ["CONTRACT_COVERAGE"]))
    left_out = sys.argv[1:]
    counts = Counter({seen: count for seen, count in counts.items() if seen[0] not in left_out})
    pairs = wanted(document)
    missing = [pair for pair in pairs if not counts[pair]]
    for operation in dict.fromkeys(operation for operation, _ in pairs):
        answers = sorted((status, count) for (one, status), count in counts.items() if one == operation)
        told = "  ".join(f"{status}: {count}" for status, count in answers)
        print(f"  {operation:<28} {told}")
    print(f"{len({one for one, _ in pairs})} operations, {sum(counts.values())} answers, "
          f"{len(pairs) - len(missing)} of {len(pairs)} success codes seen")
    for operation, status in missing:
        print(f"missing: {operation} never answered {status}")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
