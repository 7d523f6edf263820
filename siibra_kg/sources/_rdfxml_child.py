"""The process that reads RDF/XML: a script, started with ``python -I``; it must import nothing of this package."""

from __future__ import annotations

import json
import sys
from typing import Any


def main() -> int:
    """Read RDF/XML from standard input, write N-Triples to standard output; 3 means that the document is at fault."""
    job = json.loads(sys.argv[1])
    sys.path[:] = [*sys.path, *(entry for entry in job["path"] if entry and entry not in sys.path)]
    import pyoxigraph  # noqa: PLC0415  found only now

    _limit(job["memory"], job["seconds"])
    data = sys.stdin.buffer.read()
    names: dict[str, pyoxigraph.BlankNode] = {}

    def named(term: Any) -> Any:  # noqa: ANN401  any kind of term
        if not isinstance(term, pyoxigraph.BlankNode):
            return term
        return names.setdefault(term.value, pyoxigraph.BlankNode(f"b{len(names)}"))

    try:
        parsed = pyoxigraph.parse(data, format=pyoxigraph.RdfFormat.RDF_XML, base_iri=job["base"])
        triples = [pyoxigraph.Triple(named(t.subject), t.predicate, named(t.object)) for t in parsed]
    except (SyntaxError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 3
    pyoxigraph.serialize(triples, output=sys.stdout.buffer, format=pyoxigraph.RdfFormat.N_TRIPLES)
    sys.stdout.buffer.flush()
    return 0


def _limit(memory: int, seconds: int) -> None:
    try:
        import resource  # noqa: PLC0415  not on Windows
    except ImportError:
        return
    for which, most in ((resource.RLIMIT_AS, memory), (resource.RLIMIT_CPU, seconds), (resource.RLIMIT_CORE, 0)):
        hard = resource.getrlimit(which)[1]
        allowed = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(which, (allowed, allowed))


if __name__ == "__main__":
    sys.exit(main())
