"""RDF/XML, read in a child process only: an entity bomb of 1 KB makes the parser allocate gigabytes and abort."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from urllib.parse import quote

from siibra_kg.errors import BadDocument
from siibra_kg.sources.child import ChildFailed, run_child
from siibra_kg.vocab import BASE

__all__ = ["to_ntriples"]

_CHILD = Path(__file__).with_name("_rdfxml_child.py")
_RDF = b"http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_TIMEOUT = 120.0
_MEMORY = 1 << 30
_DOCUMENT_AT_FAULT = 3  # the child's exit code


def to_ntriples(path: str, data: bytes, *, timeout: float = _TIMEOUT, memory: int = _MEMORY) -> bytes:
    """Convert RDF/XML to N-Triples in a process that may use so much memory and time, and no more.

    Parameters
    ----------
    path
        What errors name; relative IRIs in the document are resolved against it.
    data
        The document. Entities declared in its own DTD are expanded, others are refused.
    timeout
        Seconds, of the wall clock and of the processor.
    memory
        Bytes of address space; only on systems that can limit it.

    Returns
    -------
    bytes
        N-Triples; blank nodes are numbered in the order of their first use.

    Raises
    ------
    BadDocument
        If it is not RDF/XML, or needs more than it may use.
    """
    if _RDF not in data:
        raise BadDocument(path, "not RDF/XML: the namespace of RDF does not occur in it")
    job = {"path": sys.path, "base": f"{BASE}id/document/{quote(path)}", "memory": memory, "seconds": int(timeout) + 1}
    command = [sys.executable, "-I", str(_CHILD), json.dumps(job)]
    try:
        return run_child(command, data=data, timeout=timeout, most=memory)
    except ChildFailed as error:
        if error.code == _DOCUMENT_AT_FAULT:
            raise BadDocument(path, f"not valid RDF/XML: {error.words}") from error
        limits = f"{memory >> 20} MiB and {timeout:g} s"
        raise BadDocument(path, f"RDF/XML that cannot be read within {limits} (an entity bomb?)") from error
