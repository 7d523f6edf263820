"""The quads of the store contract: three named graphs that hold what stores are known to get wrong."""

from __future__ import annotations

from siibra_kg.terms import IRI, Literal, to_sparql
from siibra_kg.vocab import XSD

__all__ = ["EX", "GRAPHS", "HOSTILE", "ITEMS", "QUADS"]

EX = "http://example.org/"
GRAPHS = tuple(f"{EX}graph/{name}" for name in ("one", "two", "many"))
#: More rows than Virtuoso's usual limit of 10,000.
ITEMS = 15_000

#: Strings that have broken writers, parsers or engines; each has to come back as it went in.
HOSTILE = (
    "",
    " ",
    "plain",
    'say "hi"',
    "it's",
    "tab\tnewline\nreturn\rend",
    "\x01\x08\x0c\x1f\x7f",
    "\x01abcdef01",
    "back\\slash",
    "ends with \\",
    "\\u0022 } # expanded",
    "\\U00000022",
    "\\\\u0022",
    '") || true || ("',
    'x" . ?s ?p ?o } #',
    '"""',
    "'''",
    "$region ?region #+ param",
    "<http://example.org/a>",
    "x> ?p ?o } DELETE",
    "{{{{",
    "%s {0} %(a)s",
    "naïve façade",
    "e\u0301 is not é",
    "\u202eright to left",
    "\u2028line\u2029paragraph\x85next",
    "\ufeffmark",
    "\U0001f9e0 brain \U0010fffd",
    "漢字 кириллица ελληνικά",
    "a" * 5000,
)

_A, _B, _C = (IRI(f"{EX}region/{x}") for x in "abc")


def _quad(s: IRI | str, p: str, o: IRI | Literal | str, graph: int) -> str:
    subject = to_sparql(s) if isinstance(s, IRI) else s
    value = to_sparql(o) if isinstance(o, IRI | Literal) else o
    return f"{subject} <{EX}{p}> {value} <{GRAPHS[graph]}> ."


def _lines() -> list[str]:
    one = [
        _quad(_A, "name", Literal("alpha"), 0),
        _quad(_A, "partOf", _B, 0),
        _quad(_A, "label", Literal("7", XSD + "integer"), 0),
        _quad(_A, "size", Literal("2.25", XSD + "decimal"), 0),
        _quad(_A, "mean", Literal("1.0E-1", XSD + "double"), 0),
        _quad(_A, "leaf", Literal("true", XSD + "boolean"), 0),
        _quad(_A, "born", Literal("2020-02-29", XSD + "date"), 0),
        _quad(_A, "shape", Literal("POINT(1 2)", EX + "wkt"), 0),
        _quad(_A, "title", Literal("region", language="en"), 0),
        _quad(_A, "title", Literal("région", language="fr"), 0),
        _quad(_A, "link", IRI(f"{EX}6,7-dinitro;x='1'/é"), 0),
        _quad(_A, "criteria", "_:c1", 0),
        _quad("_:c1", "name", Literal("blank"), 0),
    ]
    two = [
        _quad(_A, "name", Literal("alpha"), 1),  # stated twice: in two graphs
        _quad(_B, "name", Literal("Beta"), 1),
        _quad(_B, "partOf", _C, 1),
        _quad(_B, "leaf", Literal("false", XSD + "boolean"), 1),
        _quad(_B, "label", Literal("10", XSD + "integer"), 1),
        _quad(_C, "name", Literal("gamma"), 1),
    ]
    hostile = [_quad(IRI(f"{EX}hostile/{i}"), "text", Literal(text), 1) for i, text in enumerate(HOSTILE)]
    many = [_quad(IRI(f"{EX}item/{i}"), "number", Literal(str(i), XSD + "integer"), 2) for i in range(ITEMS)]
    return one + two + hostile + many


QUADS = "\n".join(_lines()).encode() + b"\n"
