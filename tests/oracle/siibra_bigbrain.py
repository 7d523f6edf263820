"""Run by the interpreter that has siibra: BigBrain's intensity profiles from files at another address.

``python siibra_bigbrain.py JOB`` with JSON: ``base`` (the folder that has ``data/``) and ``vertices``, places among the
vertices with a cortex, which stand in for those in a mask. Prints JSON.
"""

from __future__ import annotations

import json
import os
import sys

os.environ.setdefault("SIIBRA_LOG_LEVEL", "ERROR")

from siibra.livequeries import bigbrain
from siibra.locations import pointcloud


class Place:
    """What siibra's query needs of a region."""

    def __init__(self, rows):
        self.rows = rows

    def intersection(self, points):
        places = [points[row].coordinate for row in self.rows]
        return pointcloud.PointCloud(places, space="bigbrain", labels=self.rows)


def _numbers(array):
    return [None if value != value else float(value) for value in array]


def main() -> None:
    job = json.loads(sys.argv[1])
    bigbrain.WagstylProfileLoader.REPO = job["base"]
    place = Place(job["vertices"])
    single = bigbrain.BigBrainProfileQuery().query(place)
    layerwise = bigbrain.LayerwiseBigBrainIntensityQuery().query(place)[0].data
    print(
        json.dumps(
            {
                "depths": [_numbers(one.data.index) for one in single],
                "values": [_numbers(one.data.iloc[:, 0]) for one in single],
                "borders": [[one.boundary_positions[n, n + 1] for n in range(7)] for one in single],
                "places": [list(one.anchor.location.coordinate) for one in single],
                "layers": {name: _numbers(row) for name, row in layerwise[["mean", "std"]].iterrows()},
            }
        )
    )


main()
