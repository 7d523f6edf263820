"""An answer as JSON, CSV or TSV: the same text for a row as the command line prints, and what says where it is from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from siibra_kg.server.api.forms import form_named
from siibra_kg.server.api.paging import address, links
from siibra_kg.server.job import Reply
from siibra_kg.table import Table, cell_plain

if TYPE_CHECKING:
    from siibra_kg.server.api.paging import Page
    from siibra_kg.templates import Template

__all__ = ["Answer", "headers", "write"]


@dataclass(frozen=True, slots=True)
class Answer:
    """The rows of one page of an answer.

    Parameters
    ----------
    template, texts, page
        What was asked, and which rows of it.
    table
        The rows.
    total
        Rows of the whole answer; ``None`` if it is not known.
    base_url
        Address of this server.
    """

    template: Template
    texts: dict[str, list[str]]
    page: Page
    table: Table
    total: int | None
    base_url: str

    def neighbours(self, form: str) -> dict[str, str]:
        """Give the addresses of other pages by relation; those too long for an address are left out."""
        found = links(self.page, len(self.table), self.total)
        urls = {rel: address(self.base_url, self.template.name, form, self.texts, page) for rel, page in found.items()}
        return {rel: url for rel, url in urls.items() if url}

    def query_address(self) -> str:
        """Give the address of the SPARQL that made it."""
        return address(self.base_url, self.template.name, "rq", self.texts)


def write(answer: Answer, form: str) -> Reply:
    """Write an answer in a form: ``json``, ``csv`` or ``tsv``."""
    if form == "json":
        body = orjson.dumps(_document(answer))
    else:
        body = answer.table.to_csv(delimiter="," if form == "csv" else "\t").encode()
    return Reply(body, form_named(form).media_type, 200, headers(answer, form))


def headers(answer: Answer, form: str) -> tuple[tuple[str, str], ...]:
    """Give the header lines that say where rows are from and where the others are."""
    found = [f'<{url}>; rel="{rel}"' for rel, url in answer.neighbours(form).items()]
    if url := answer.query_address():
        found.append(f'<{url}>; rel="via"; type="application/sparql-query"')
    found.append(f'<{answer.base_url}/openapi.json>; rel="service-desc"; type="application/json"')
    total = () if answer.total is None else (("X-Total-Count", str(answer.total)),)
    return (("Link", ", ".join(found)), *total, ("Vary", "Accept"))


def _document(answer: Answer) -> dict[str, Any]:
    neighbours = answer.neighbours("json")
    return {
        "template": answer.template.name,
        "columns": [{"name": c.name, "type": c.type} for c in answer.table.columns],
        "total": answer.total,
        "limit": answer.page.limit,
        "offset": answer.page.offset,
        "next": neighbours.get("next"),
        "sparql": answer.table.sparql,
        "rows": _rows(answer.table),
    }


def _rows(table: Table) -> list[dict[str, Any]]:
    """Give the rows as :meth:`siibra_kg.table.Table.to_dicts` does, with fewer steps for the usual types."""
    names = table.names
    odd = [i for i, column in enumerate(table.columns) if column.type == "term"]
    if not odd:
        return [dict(zip(names, row, strict=True)) for row in table.cells]
    return [{n: cell_plain(v) for n, v in zip(names, row, strict=True)} for row in table.cells]
