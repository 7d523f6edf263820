"""Write ``rows.json``: for every example of every template with golden rows, how many there are and the first few.

Run ``python tests/golden/make_golden.py ARCHIVE`` with the pinned openMINDS_instances archive; review the difference.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

import golden.named  # noqa: E402, F401  its functions register themselves
from golden.expected import GOLDEN  # noqa: E402
from golden.raw import Raw  # noqa: E402
from siibra_kg.resources import folder  # noqa: E402
from siibra_kg.templates import Catalog  # noqa: E402

ROWS = HERE / "rows.json"
SHOWN = 6


def ordered(rows: list[tuple[Any, ...]]) -> list[list[Any]]:
    """Each row once, sorted, as JSON has them."""
    unique = {json.dumps(row, ensure_ascii=False) for row in rows}
    return [json.loads(row) for row in sorted(unique)]


def compute(raw: Raw) -> dict[str, list[dict[str, Any]]]:
    """Golden rows of all examples: the values, the columns, the count and the first rows."""
    catalog = Catalog(folder("queries"))
    out: dict[str, list[dict[str, Any]]] = {}
    for name, (columns, function) in sorted(GOLDEN.items()):
        for example in catalog[name].examples:
            rows = ordered(function(raw, **example))
            values = {k: list(v) if isinstance(v, tuple) else v for k, v in example.items()}
            entry = {"values": values, "columns": list(columns), "count": len(rows), "rows": rows[:SHOWN]}
            out.setdefault(name, []).append(entry)
    return out


def text(raw: Raw) -> str:
    """The file as it is committed."""
    return json.dumps(compute(raw), indent=1, ensure_ascii=False, sort_keys=True) + "\n"


if __name__ == "__main__":
    ROWS.write_text(text(Raw(Path(sys.argv[1]))), encoding="utf-8")
