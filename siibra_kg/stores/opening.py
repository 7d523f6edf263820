"""Opens what a user names: a folder with a store, an RDF file, or the address of a SPARQL endpoint."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from siibra_kg.errors import BadDocument

if TYPE_CHECKING:
    from collections.abc import Sequence

    from siibra_kg.stores.protocol import Store

__all__ = ["open_store"]


def open_store(place: str | Path, *, timeout: float = 30.0, graphs: Sequence[str] = ()) -> Store:
    """Open a store by path or address.

    Parameters
    ----------
    place
        ``"memory:"``, an ``http(s)://`` address of a SPARQL endpoint, a folder that holds an Oxigraph store,
        or an RDF file (loaded into memory).
    timeout
        Seconds that one request to an endpoint may take.
    graphs
        Names of the graphs of an endpoint that queries see; all of them if left out.

    Raises
    ------
    BadDocument
        If there is nothing at the path, or something that is no store.
    SnapshotError
        If the folder holds no store that can be opened.
    """
    text = str(place)
    if text.startswith(("http://", "https://")):
        from siibra_kg.stores.endpoint import EndpointStore  # noqa: PLC0415  50 ms that local stores need not pay

        return EndpointStore(text, timeout=timeout, graphs=graphs)
    from siibra_kg.stores.oxigraph import OxigraphStore  # noqa: PLC0415  not for endpoints

    if text == "memory:":
        return OxigraphStore.memory()
    path = Path(place).expanduser()
    if path.is_dir():
        return OxigraphStore.open(path)
    if not path.is_file():
        raise BadDocument(text, "there is no such file or folder")
    return OxigraphStore.from_quads_file(path)
