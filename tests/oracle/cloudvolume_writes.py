"""Run by the interpreter that has cloud-volume: ``python cloudvolume_writes.py FOLDER JOB``, where JOB is JSON.

Writes a precomputed volume from ``array`` (a .npy file; x, y, z), and meshes, each from ``vertices`` and ``faces``:
``meshes`` has rows of label, fragment name, .npy of vertices in nm, .npy of faces.
"""

from __future__ import annotations

import gzip
import json
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
from cloudvolume import CloudVolume, Mesh


def main() -> None:
    folder, job = Path(sys.argv[1]), json.loads(sys.argv[2])
    array = np.load(job["array"])
    volume = CloudVolume.from_numpy(
        array,
        f"file://{folder}",
        resolution=job.get("resolution", [1_000_000] * 3),
        voxel_offset=job.get("offset", [0, 0, 0]),
        chunk_size=job.get("chunk", [64, 64, 64]),
        layer_type=job.get("kind", "segmentation"),
        encoding=job.get("encoding", "raw"),
        compress=job.get("compress", False),
    )
    manifests: dict[int, list[str]] = defaultdict(list)
    if job.get("meshes"):
        volume.info["mesh"] = "mesh"
        volume.commit_info()
        (folder / "mesh").mkdir()
        (folder / "mesh" / "info").write_text(json.dumps({"@type": "neuroglancer_legacy_mesh"}))
    for label, name, vertices, faces in job.get("meshes", []):
        data = Mesh(np.load(vertices).astype(np.float32), np.load(faces).astype(np.uint32)).to_precomputed()
        place = folder / "mesh" / name
        place.write_bytes(gzip.compress(data) if job.get("zipped") else data)
        manifests[label].append(name)
    for label, names in manifests.items():
        (folder / "mesh" / f"{label}:0").write_text(json.dumps({"fragments": names}))


main()
