"""Which rows of an answer are wanted, and the addresses of the rows before and after (RFC 8288)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlencode

from siibra_kg.server.api.values import MOST
from siibra_kg.server.problem import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["LONGEST", "Page", "address", "links", "read_page"]

#: No link is longer: RFC 9110, section 4.1, has everybody read 8000 characters.
LONGEST = 8000


class Page(NamedTuple):
    """A stretch of rows.

    Parameters
    ----------
    limit
        Rows at most; ``None`` for all.
    offset
        Rows to leave out before.
    """

    limit: int | None
    offset: int


def read_page(given: Mapping[str, object], most: int) -> Page:
    """Read ``limit`` and ``offset``, where they are given: texts of an address, or members of JSON.

    Raises
    ------
    Refused
        With status 422, if one is no number of rows, or more than ``most``.
    """
    limit = _number("limit", given["limit"], most) if "limit" in given else None
    return Page(limit, _number("offset", given["offset"], MOST) if "offset" in given else 0)


def _number(name: str, given: object, most: int) -> int:
    if isinstance(given, float) and given.is_integer():
        given = int(given)
    text = str(given) if isinstance(given, str | int) and not isinstance(given, bool) else ""
    if text.isascii() and text.isdigit() and len(text) < 20 and int(text) <= most:
        return int(text)
    expected = f"a number of rows, from 0 to {most}"
    raise Refused(
        422, "bad-parameter", f"{name}={str(given)[:40]!r} is not {expected}", parameter=name, expected=expected
    )


def address(base_url: str, name: str, form: str, texts: Mapping[str, list[str]], page: Page | None = None) -> str:
    """Give the address of an answer; empty if it would be too long for one."""
    pairs = [(key, text) for key, values in texts.items() for text in values]
    if page is not None:
        pairs += [("limit", str(page.limit))] if page.limit is not None else []
        pairs += [("offset", str(page.offset))] if page.offset else []
    if sum(len(text) for _, text in pairs) > LONGEST:
        return ""
    query = urlencode(pairs)
    url = f"{base_url}/api/{name}{'.' + form if form else ''}{'?' + query if query else ''}"
    return url if len(url) <= LONGEST else ""


def links(page: Page, shown: int, total: int | None) -> dict[str, Page]:
    """Give the neighbours of a page by relation: ``first``, ``prev``, ``next``, ``last``.

    Parameters
    ----------
    page
        The page.
    shown
        Rows on it.
    total
        Rows that there are; ``None`` if only the engine knows. Then a full page is followed by one that may be empty.

    Examples
    --------
    >>> links(Page(10, 20), 10, 35)
    {'first': Page(limit=10, offset=0), 'prev': Page(limit=10, offset=10), 'next': Page(limit=10, offset=30), \
'last': Page(limit=10, offset=30)}
    """
    limit, offset = page
    if not limit:
        return {}
    found = {"first": Page(limit, 0)}
    if offset > 0:
        found["prev"] = Page(limit, max(0, offset - limit))
    if (total is None and shown >= limit) or (total is not None and offset + limit < total):
        found["next"] = Page(limit, offset + limit)
    if total:
        # The last page of those that this one begins: steps of `limit` from where it stands.
        found["last"] = Page(limit, _last(limit, offset, total))
    return found


def _last(limit: int, offset: int, total: int) -> int:
    begin = offset % limit
    return begin + (total - 1 - begin) // limit * limit if total > begin else 0
