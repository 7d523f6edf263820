"""Run by the interpreter that has siibra: local field potentials that siibra reads from a bucket at another address.

``python siibra_field_potentials.py JOB`` with JSON: ``base`` (of the bucket), ``parcellation``, ``regions``, ``wanted``
(filters). Prints for each region the numbers of the recordings, the mean spectrum of them all, and the regional
features.
"""

from __future__ import annotations

import json
import os
import sys

os.environ.setdefault("SIIBRA_LOG_LEVEL", "CRITICAL")

import siibra
from siibra.features.tabular import local_field_potential as tables
from siibra.livequeries import local_field_potential as queries


def main() -> None:
    job = json.loads(sys.argv[1])
    queries.DATABASE_URL = f"{job['base']}/lfp_atlas_bids.sqlite"
    tables.BASE_URL = job["base"] + "/{filepath}"
    told = {}
    for name in job["regions"]:
        region = siibra.get_region(job["parcellation"], name)
        found = queries.LFPQuery(**job["wanted"]).query(region)
        regional = queries.RegionalLFPQuery(**job["wanted"]).query(region)
        told[name] = {
            "name": region.name,
            "numbers": [one._db_entry.Index for one in found],
            "spectrum": told_of(tables.LocalFieldPotential.get_spectra(found)) if found else None,
            "regional": [[one._db_entries.index.tolist(), told_of(one.data)] for one in regional],
        }
    print(json.dumps(told))


def told_of(frame):
    return {"columns": list(frame.columns), "index": frame.index.tolist(), "values": frame.to_numpy().tolist()}


main()
