"""What a release says to people: README.md, index.html, CITATION.cff and LICENSES.md, filled from the snapshot."""

from __future__ import annotations

import html
import json
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from siibra_kg.describe.schema_org import schema_org_dataset
from siibra_kg.terms import contract

if TYPE_CHECKING:
    from collections.abc import Mapping

    from siibra_kg.describe.about import About

__all__ = ["pages"]

_EACH, _END = "<!--each-->", "<!--end-->"


def pages(about: About, files: Mapping[str, int]) -> dict[str, bytes]:
    """Fill the pages.

    Parameters
    ----------
    about
        The graph.
    files
        Sizes by name of the files to list.
    """
    facts = {
        "hash": about.content_hash,
        "short": about.content_hash[:16],
        "tool": about.tool,
        "triples": f"{about.statistics.triples:,}",
        "graphs": f"{len(about.statistics.graphs):,}",
        "entities": f"{about.statistics.entities:,}",
        "home": about.home,
        "base": about.base_iri,
        "sources": "\n".join(_sources(about)),
        # "</script>" in a name would end the script that holds this.
        "jsonld": json.dumps(schema_org_dataset(about), indent=1, ensure_ascii=False).replace("<", "\\u003c"),
    }
    return {
        "README.md": _text("README.md").substitute(facts).encode(),
        "CITATION.cff": _text("CITATION.cff").substitute(facts).encode(),
        "LICENSES.md": (_text("LICENSES.md").substitute(facts) + "\n".join(_licences(about)) + "\n").encode(),
        "index.html": _index(facts, files),
    }


def _text(name: str) -> Template:
    return Template((Path(__file__).parent / "pages" / name).read_text("utf-8"))


def _index(facts: Mapping[str, str], files: Mapping[str, int]) -> bytes:
    """Fill the page; the part between two marks is written once for each file."""
    text = _text("index.html").template
    before, _, rest = text.partition(_EACH)
    each, _, after = rest.partition(_END)
    escaped = {key: value if key == "jsonld" else html.escape(value) for key, value in facts.items()}
    rows = (Template(each).substitute(name=html.escape(name), size=f"{files[name]:,}") for name in sorted(files))
    return (Template(before).substitute(escaped) + "".join(rows) + Template(after).substitute(escaped)).encode()


def _sources(about: About) -> list[str]:
    rows = [row for row in about.graphs if row.source]
    return [f"- {row.title}, version {row.version or 'none'}, commit {row.revision or 'unknown'}" for row in rows]


def _licences(about: About) -> list[str]:
    """Give a table row for each named graph; nothing is guessed where a source names no licence."""
    return [
        f"| {contract(row.graph)} | {row.title or ''} | {row.license or 'none stated'} | {row.source or ''} |"
        for row in about.graphs
    ]
