"""Pages in HTML: Jinja2 with escaping on and undefined names an error; and what every page says to browsers."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import jinja2

from siibra_kg.server.job import Reply
from siibra_kg.server.pages import assets

if TYPE_CHECKING:
    from siibra_kg.server.pages.site import Site

__all__ = ["HEADERS", "MEDIA_TYPE", "page", "render"]

MEDIA_TYPE = "text/html; charset=utf-8"

#: Nothing inline, nothing from elsewhere, in no frame: a script in the data could not run even if it were not escaped.
_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS = (
    ("Content-Security-Policy", _POLICY),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
)


def page(
    template: str,
    site: Site,
    context: dict[str, Any],
    status: int = 200,
    headers: tuple[tuple[str, str], ...] = (),
) -> Reply:
    """Give a page as an answer."""
    return Reply(render(template, site, context), MEDIA_TYPE, status, (*headers, *HEADERS))


def render(template: str, site: Site, context: dict[str, Any]) -> bytes:
    """Write a page from a file of the folder ``templates``."""
    text = _environment().get_template(template).render(site=site, asset=assets.address, **context)
    # A lone surrogate cannot be sent; whatever text holds one must not stop a page.
    return text.encode("utf-8", "replace")


@cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("siibra_kg.server.pages", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
