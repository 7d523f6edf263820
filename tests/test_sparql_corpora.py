"""Queries that other people published: the tokenizer reads them all, and the guard refuses none without cause."""

from __future__ import annotations

import re
import tarfile
from typing import TYPE_CHECKING

import pyoxigraph as ox
import pytest

from siibra_kg.errors import QueryError
from siibra_kg.sparql import guard, query_form, tokenize

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

EXAMPLES = "github.com/sib-swiss/sparql-examples/archive/734ad932e00157edef14790634e30253542f3d62.tar.gz"
# SHACL has no word for DESCRIBE queries; the archive has one of its own.
SPACES = ("http://www.w3.org/ns/shacl#", "https://purl.expasy.org/sparql-examples/ontology#")
FORMS = {f"{space}{form.lower()}": form for space in SPACES for form in ("SELECT", "ASK", "CONSTRUCT", "DESCRIBE")}
#: Documents of the archive (1,234 in the folders of its endpoints), and those that hold no query: eight lists of
#: prefixes, and the vocabulary of the examples.
DOCUMENTS, WITHOUT = 1236, 9
# Without IRIs and comments; good enough for these queries, and independent of the tokenizer.
SERVICE = re.compile(r"\bservice\b\s*(silent\s*)?(<|\w*:|\?)", re.IGNORECASE)


def published(mirror: Path) -> Iterator[tuple[str, str]]:
    with tarfile.open(mirror / EXAMPLES, mode="r|gz") as archive:
        for member in archive:
            stream = archive.extractfile(member) if member.name.endswith(".ttl") else None
            if stream is None:
                continue
            for quad in ox.parse(
                stream.read(), format=ox.RdfFormat.TURTLE, base_iri="http://example.org/", lenient=True
            ):
                if quad.predicate.value in FORMS:
                    yield FORMS[quad.predicate.value], quad.object.value


@pytest.mark.mirror
def test_published_queries_are_read_and_only_calls_are_refused(mirror: Path) -> None:
    count = forms = 0
    for form, text in published(mirror):
        count += 1
        assert "".join(t.text for t in tokenize(text)) == text
        forms += query_form(text) == form
        guard(text, service=True)
        calls = SERVICE.search(re.sub(r"#.*", "", re.sub(r"<[^>\s]*>", "<x>", text))) is not None
        refused = False
        try:
            guard(text)
        except QueryError as error:
            refused = "SERVICE calls another machine" in str(error)
        assert refused == calls, text
    assert count == DOCUMENTS - WITHOUT
    assert forms > 0.99 * count  # one or two are filed under another form than they have
