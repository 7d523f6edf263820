r"""RDF terms as plain values, CURIEs, and the one writer that turns a term into SPARQL or N-Triples text.

Three kinds of term: :class:`IRI` and :class:`BlankNode` are strings, so that they can be used wherever an
identifier is expected; :class:`Literal` keeps lexical form, datatype and language apart. Nothing here knows
an RDF library: the stores convert their own terms to these.

>>> to_sparql(IRI("https://example.org/a"))
'<https://example.org/a>'
>>> to_sparql(Literal('say "hi"\n'))
'"say \\"hi\\"\\n"'
>>> contract(IRI("http://purl.obolibrary.org/obo/UBERON_0001950"))
'UBERON:0001950'
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from siibra_kg.errors import TermError
from siibra_kg.vocab import NAMESPACES, XSD

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "IRI",
    "BlankNode",
    "Literal",
    "Quad",
    "Term",
    "Triple",
    "contract",
    "expand",
    "is_iri",
    "local_name",
    "to_sparql",
]

XSD_STRING = XSD + "string"
RDF_LANG_STRING = "http://www.w3.org/1999/02/22-rdf-syntax-ns#langString"

# RFC 3987, section 2.2, as strict as Oxigraph is: what it refuses could be stored by others but never asked for.
_UCS = "\xa0-\ud7ff\uf900-\ufdcf\ufdf0-\uffef" + "".join(
    f"{chr(plane << 16)}-{chr((plane << 16) + 0xFFFD)}" for plane in range(1, 15)
)
_PRIVATE = "\ue000-\uf8ff\U000f0000-\U000ffffd\U00100000-\U0010fffd"
_HEX = "%[0-9A-Fa-f]{2}"
_HOST = rf"A-Za-z0-9\-._~!$&'()*+,;={_UCS}"
_PLAIN = _HOST + ":@"
_IRI = re.compile(
    rf"[A-Za-z][A-Za-z0-9+.-]*:"
    rf"(?://(?:(?:[{_HOST}:]|{_HEX})*@)?(?:\[[0-9A-Fa-fv:.]+\]|(?:[{_HOST}]|{_HEX})+|(?!:))(?::\d*)?(?=[/?#]|\Z)|(?!//))"
    rf"(?:[{_PLAIN}/]|{_HEX})*"
    rf"(?:\?(?:[{_PLAIN}{_PRIVATE}/?]|{_HEX})*)?"
    rf"(?:\#(?:[{_PLAIN}/?]|{_HEX})*)?\Z"
)
_LANGUAGE = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*\Z")
_BLANK = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_-])?\Z")


class IRI(str):
    """An absolute IRI. A string, so it can be printed, compared and put into a URL as it is."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<{self}>"


class BlankNode(str):
    """A blank node label; only meaningful inside one answer of one store."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"_:{self}"


@dataclass(frozen=True, slots=True)
class Literal:
    """An RDF literal: lexical form, datatype IRI, and language for ``rdf:langString``.

    Parameters
    ----------
    value
        The lexical form.
    datatype
        IRI of the datatype; ``xsd:string`` unless told.
    language
        BCP 47 tag; its presence makes the datatype ``rdf:langString``.
    """

    value: str
    datatype: str = XSD_STRING
    language: str | None = None

    def __post_init__(self) -> None:
        if self.language is not None:
            object.__setattr__(self, "datatype", RDF_LANG_STRING)

    def __str__(self) -> str:
        return self.value


Term = IRI | BlankNode | Literal


class Triple(NamedTuple):
    """Subject, predicate, object."""

    subject: IRI | BlankNode
    predicate: IRI
    object: Term


class Quad(NamedTuple):
    """A triple and the IRI of its named graph; ``None`` is the default graph."""

    subject: IRI | BlankNode
    predicate: IRI
    object: Term
    graph: IRI | None


def is_iri(text: str) -> bool:
    """Tell whether a text is an absolute IRI that can stand in SPARQL between ``<`` and ``>``."""
    return _IRI.match(text) is not None


# Everything that SPARQL's STRING_LITERAL2 or an N-Triples reader could misread is escaped; a TAB left raw is
# turned into spaces by rdflib's SPARQL parser, NUL and other controls upset endpoints.
# rdflib 7 expands \uXXXX over the whole query before it parses, takes eight digits after a small u where eight
# follow, and does not see that the backslash may itself be escaped: the text \u0022 would end the literal that
# holds it. So a control gets eight digits, and a u after a backslash is written as its code point.
_UNSAFE = re.compile(r'\\[uU]|[\x00-\x1f"\\\x7f]')
_ESCAPES = {c: f"\\{e}" for c, e in zip('\\"\n\r\t\b\f', '\\"nrtbf', strict=True)}
_ESCAPES |= {chr(c): f"\\U{c:08X}" for c in (*range(0x20), 0x7F) if chr(c) not in _ESCAPES}
_ESCAPES |= {f"\\{u}": f"\\\\\\U{ord(u):08X}" for u in "uU"}


def _escaped(text: str) -> str:
    return _UNSAFE.sub(lambda found: _ESCAPES[found[0]], text)


def to_sparql(term: Term) -> str:
    r"""Write a term so that SPARQL, Turtle and N-Triples all read the same term back.

    Parameters
    ----------
    term
        An :class:`IRI`, :class:`BlankNode` or :class:`Literal`.

    Returns
    -------
    str
        For instance ``<https://example.org/a>`` or ``"1"^^<http://www.w3.org/2001/XMLSchema#integer>``.

    Raises
    ------
    TermError
        If the value cannot be written: an IRI with forbidden characters, a lone surrogate, a bad language tag.
    """
    if isinstance(term, Literal):
        try:
            term.value.encode()
        except UnicodeEncodeError as error:
            raise TermError(term.value, "Unicode text (it holds a lone surrogate)") from error
        text = f'"{_escaped(term.value)}"'
        if term.language is not None:
            if not _LANGUAGE.match(term.language):
                raise TermError(term.language, "a BCP 47 language tag")
            return f"{text}@{term.language}"
        return text if term.datatype == XSD_STRING else f"{text}^^{to_sparql(IRI(term.datatype))}"
    if isinstance(term, BlankNode):
        if not _BLANK.match(term):
            raise TermError(str(term), "a blank node label")
        return f"_:{term}"
    if isinstance(term, IRI):
        if not is_iri(term):
            raise TermError(str(term), "an absolute IRI")
        return f"<{term}>"
    raise TermError(term, "an RDF term")


def expand(curie: str, prefixes: Mapping[str, str] = NAMESPACES) -> IRI | None:
    """Turn a CURIE into an IRI, or give ``None`` where the prefix is not known.

    >>> expand("UBERON:0001950")
    <http://purl.obolibrary.org/obo/UBERON_0001950>
    >>> expand("hOc1: V1") is None
    True
    """
    prefix, colon, local = curie.partition(":")
    namespace = prefixes.get(prefix)
    if not colon or namespace is None or not is_iri(namespace + local):
        return None
    return IRI(namespace + local)


def contract(iri: str, prefixes: Mapping[str, str] = NAMESPACES) -> str:
    """Turn an IRI into the shortest CURIE, or give it back unchanged where no prefix fits."""
    best = max((p for p, n in prefixes.items() if iri.startswith(n)), key=lambda p: len(prefixes[p]), default=None)
    return str(iri) if best is None else f"{best}:{iri[len(prefixes[best]) :]}"


def local_name(iri: str) -> str:
    """Give the part after the last ``/`` or ``#``: the id under which people know an instance.

    >>> local_name("https://openminds.om-i.org/instances/parcellationEntity/JBA_Area-hOc1")
    'JBA_Area-hOc1'
    """
    return re.split(r"[/#]", iri.rstrip("/#"))[-1]
