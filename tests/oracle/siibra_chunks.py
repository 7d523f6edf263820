"""Run by the interpreter that has siibra: reads a precomputed volume or mesh as siibra does, and times it.

``python siibra_chunks.py JOB`` with JSON: ``url``, ``box`` (two corners in mm, or nothing), ``out`` (a .npy file),
``repeat``, or ``mesh`` (a label). Prints JSON.
"""

from __future__ import annotations

import json
import os
import sys
import time

os.environ.setdefault("SIIBRA_LOG_LEVEL", "ERROR")

import numpy as np
from siibra.locations import BoundingBox
from siibra.volumes.providers import neuroglancer


def main() -> None:
    job = json.loads(sys.argv[1])
    if "mesh" in job:
        mesh = neuroglancer.NeuroglancerMesh(job["url"]).fetch(label=job["mesh"], fragment=None)
        print(json.dumps({"vertices": mesh["verts"].tolist(), "faces": mesh["faces"].tolist()}))
        return
    box = BoundingBox(*job["box"], space=None) if job.get("box") else None
    wall, cpu = [], []
    for _ in range(job.get("repeat", 1)):
        neuroglancer.NeuroglancerVolume.USE_CACHE = False
        began, used = time.perf_counter(), time.process_time()
        volume = neuroglancer.NeuroglancerVolume(job["url"])
        image = volume.fetch(voi=box, resolution_mm=job.get("resolution_mm", -1))
        array = np.asanyarray(image.dataobj)
        wall.append(time.perf_counter() - began)
        cpu.append(time.process_time() - used)
    if job.get("out"):
        np.save(job["out"], array)
    print(json.dumps({"affine": image.affine.tolist(), "shape": array.shape, "wall": wall, "cpu": cpu}))


main()
