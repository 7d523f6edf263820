"""What is asked of the API of the Allen Human Brain Atlas, and a look at each answer before it is believed.

The questions are RMA queries ("RESTful model access", https://community.brain-map.org/t/human-brain-atlas-api/2876):
models with criteria, and the connected service ``human_microarray_expression``. An answer is
``{"success": true, "start_row": 0, "num_rows": 2, "total_rows": 2, "msg": [...]}``; where the service fails it says
``"success": false`` and the reason in ``msg``, with the status of a success.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from siibra_kg.data_errors import ServiceError
from siibra_kg.web.service import Service, address_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from siibra_kg.config import Settings
    from siibra_kg.web.service import Answer, Params

__all__ = ["BASE", "DONORS", "NAME", "Client"]

NAME = "the Allen Human Brain Atlas"
BASE = "https://api.brain-map.org/api/v2/data"
#: Number and name of the donors, in siibra's order; each gave one brain, which is one specimen of the same name.
DONORS = (
    (15496, "H0351.1015"),
    (14380, "H0351.1012"),
    (15697, "H0351.1016"),
    (9861, "H0351.2001"),
    (12876, "H0351.1009"),
    (10021, "H0351.2002"),
)

_HINT = "the service is down now and then: try again later; what was asked before is in the cache"
_PAGE = 2000
_PRODUCT = "products[abbreviation$eq'HumanMA']"  # the microarray survey of the adult human brain


@dataclass(frozen=True, slots=True)
class Client:
    """Asks the service.

    Parameters
    ----------
    settings
        Cache, mirror, timeout, and whether the network may be used.
    base
        Address of the API.
    """

    settings: Settings
    base: str = BASE

    @property
    def service(self) -> Service:
        """What carries questions and answers."""
        return Service(NAME, self.settings, max_bytes=256_000_000, hint=_HINT)

    def genes(self) -> list[dict[str, Any]]:
        """Give all genes that the survey has probes for: ``acronym``, ``name``, ``alias_tags``, ``entrez_id``."""
        return self._rows(f"{self.base}/Gene/query.json", {"criteria": _PRODUCT}, _some)

    def probes(self, symbols: Sequence[str]) -> list[int]:
        """Give the numbers of the probes of genes."""
        quoted = ",".join(f"'{symbol}'" for symbol in symbols)
        criteria = (
            f"model::Probe,rma::criteria,[probe_type$eq'DNA'],{_PRODUCT},gene[acronym$in{quoted}],"
            "rma::options[only$eq'probes.id']"
        )
        return sorted(int(row["id"]) for row in self._rows(f"{self.base}/query.json", {"criteria": criteria}, _whole))

    def donors(self) -> list[dict[str, Any]]:
        """Give ``id``, ``name``, ``race_only``, ``sex`` and ``age`` of the donors."""
        criteria = (
            f"model::Donor,rma::criteria,{_PRODUCT},rma::include,age,"
            "rma::options[only$eq'donors.id,donors.name,donors.race_only,donors.sex']"
        )
        return self._rows(f"{self.base}/query.json", {"criteria": criteria}, _some)

    def specimens(self) -> list[dict[str, Any]]:
        """Give the specimen of each donor with its ``alignment3d``, in the order of :data:`DONORS`."""
        asked: list[tuple[str, Params]] = [
            (f"{self.base}/Specimen/query.json", {"criteria": f"[name$eq'{name}']", "include": "alignment3d"})
            for _, name in DONORS
        ]
        found = self.service.get_many(asked, check=_some)
        return [_one(said["msg"], name) for said, (_, name) in zip(found, DONORS, strict=True)]

    def microarray(self, probes: Sequence[int]) -> list[Answer]:
        """Give what the service says of some probes, for each donor in the order of :data:`DONORS`; it is not kept."""
        numbers = ",".join(map(str, probes))
        asked: list[tuple[str, Params]] = [
            (
                f"{self.base}/query.json",
                {"criteria": f"service::human_microarray_expression[probes$in{numbers}][donors$eq{donor}]"},
            )
            for donor, _ in DONORS
        ]
        return self.service.answers(asked, keep=False, check=_succeeded)

    def _rows(self, url: str, params: dict[str, str], check: Callable[[Any], None]) -> list[dict[str, Any]]:
        """Give all rows of an answer that comes in pages."""

        def page(start: int) -> tuple[str, Params]:
            return url, {**params, "start_row": str(start), "num_rows": str(_PAGE)}

        first = self.service.get(*page(0), check=check)
        rest = self.service.get_many((page(n) for n in range(_PAGE, first["total_rows"], _PAGE)), check=check)
        rows = [row for said in (first, *rest) for row in said["msg"]]
        if len({row.get("id") for row in rows}) != first["total_rows"]:
            reason = f"its pages hold other rows than the {first['total_rows']:,} that it announced"
            raise ServiceError(NAME, address_of(*page(0)), reason, _HINT)
        return rows


def _succeeded(said: Any) -> None:  # noqa: ANN401  as JSON is
    if not isinstance(said, dict) or "msg" not in said:
        raise ValueError("its answer is no answer of this API: it has no 'msg'")
    if said.get("success") is not True:
        raise ValueError(f"it says that it failed: {str(said['msg'])[:200]!r}")


def _whole(said: Any) -> None:  # noqa: ANN401  as JSON is
    """Refuse a page that has fewer rows than it should."""
    _succeeded(said)
    rows = said["msg"]
    try:
        start, total = int(said["start_row"]), int(said["total_rows"])
    except (KeyError, TypeError, ValueError):
        raise ValueError("its answer does not say how many rows there are") from None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ValueError("its answer holds no rows")
    if len(rows) != min(_PAGE, total - start):
        raise ValueError(f"it gave {len(rows)} rows from row {start} on, of {total}")


def _some(said: Any) -> None:  # noqa: ANN401  as JSON is
    """Refuse an answer without rows, too."""
    _whole(said)
    if not said["msg"]:
        raise ValueError("its answer is empty, which it cannot be")


def _one(rows: list[dict[str, Any]], name: str) -> dict[str, Any]:
    return next((row for row in rows if row.get("name") == name), rows[0])
