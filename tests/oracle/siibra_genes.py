"""Run by the interpreter that has siibra: the gene expressions that siibra reads from a service at another address.

``python siibra_genes.py JOB`` with JSON: ``base`` (of the API), ``genes``, and ``names`` that siibra is to take for
genes. Prints all measurements as JSON: siibra's own mask is left out, the places that it would be compared with are
printed.
"""

from __future__ import annotations

import json
import os
import sys

os.environ.setdefault("SIIBRA_LOG_LEVEL", "ERROR")

from siibra.livequeries import allen


def main() -> None:
    job = json.loads(sys.argv[1])
    queries = allen.AllenBrainAtlasQuery._QUERY
    queries |= {name: text.replace(allen.BASE_URL, job["base"]) for name, text in queries.items()}
    allen.AllenBrainAtlasQuery._notification_shown = True
    query = allen.AllenBrainAtlasQuery(gene={"symbol": "MAOA", "description": ""})
    query.genes = [{"symbol": symbol} for symbol in job["genes"]]
    rows = [{**row, "mni_xyz": row["mni_xyz"].tolist()} for row in query]
    taken = {name: [gene["symbol"] for gene in allen.parse_gene([name])] for name in job["names"]}
    print(json.dumps({"rows": rows, "taken": taken}))


main()
