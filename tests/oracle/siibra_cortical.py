"""Run by the interpreter that has siibra: reads files of cortical features, from loopback, with siibra's own classes.

``python siibra_cortical.py JOB`` with JSON: addresses of a ``fingerprint``, of ``profiles`` of receptors, of files
of ``cells`` and of ``layerwise`` pairs. Prints JSON.
"""

from __future__ import annotations

import json
import os
import sys
from types import SimpleNamespace

os.environ.setdefault("SIIBRA_LOG_LEVEL", "ERROR")

from siibra.features.tabular.cell_density_profile import CellDensityProfile
from siibra.features.tabular.cortical_profile import CorticalProfile
from siibra.features.tabular.layerwise_cell_density import LayerwiseCellDensity
from siibra.features.tabular.receptor_density_fingerprint import ReceptorDensityFingerprint
from siibra.features.tabular.receptor_density_profile import ReceptorDensityProfile

ANCHOR = SimpleNamespace(location=None, species=set(), regions=[], _regionspec="a region")


def _numbers(array):
    return [None if value != value else float(value) for value in array]


def fingerprint(url):
    found = ReceptorDensityFingerprint(url, ANCHOR)
    return {
        "receptors": found.receptors,
        "mean": _numbers(found.data["mean"]),
        "std": _numbers(found.data["std"]),
        "unit": found.unit,
        "neurotransmitters": found.neurotransmitters,
    }


def profiles(urls):
    found = [ReceptorDensityProfile("M1", url, ANCHOR) for url in urls]
    merged = CorticalProfile._merge_elements(found, "", "", ANCHOR)
    return {
        "depths": [_numbers(f.data.index) for f in found],
        "values": [_numbers(f.data.iloc[:, 0]) for f in found],
        "mean": _numbers(merged.data.iloc[:, 0]),
        "std": _numbers(merged.data.iloc[:, 1]),
    }


def cells(urls):
    return [_cells(url) for url in urls]


def _cells(url):
    found = CellDensityProfile(0, 0, url, ANCHOR)
    image = found.density_image
    mask = found.layer_mask
    return {
        "depths": _numbers(found.data.index),
        "values": _numbers(found.data.iloc[:, 0]),
        "borders": [found.boundary_positions[border] for border in found.BOUNDARIES],
        "shape": mask.shape,
        "mask": mask[:: max(1, mask.shape[0] // 97), :: max(1, mask.shape[1] // 89)].tolist(),
        "image": image[:: max(1, image.shape[0] // 97), :: max(1, image.shape[1] // 89)].tolist(),
        "layers": [found.assign_layer(depth / 50) for depth in range(1, 51)],
    }


def layerwise(pairs):
    data = LayerwiseCellDensity([cells for cells, _ in pairs], [layers for _, layers in pairs], ANCHOR).data
    return {column: data[column].tolist() for column in data}


def main():
    job = json.loads(sys.argv[1])
    print(json.dumps({name: globals()[name](value) for name, value in job.items()}))


main()
