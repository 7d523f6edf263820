"""Data of the user's own: added to the graph, listed, taken away, written as RO-Crate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siibra_kg.build.snapshot import find
from siibra_kg.errors import SnapshotError
from siibra_kg.facade.base import Base
from siibra_kg.stores import open_store

if TYPE_CHECKING:
    from pathlib import Path

    from typing_extensions import Self

    from siibra_kg.adding.add import Added, OwnDataset
    from siibra_kg.build.snapshot import Snapshot

__all__ = ["Own"]


class Own(Base):
    """Datasets of one's own. A graph never changes: who adds to it gets another one.

    Attributes
    ----------
    added
        What :meth:`add` found, of the graph that it gave: identifiers, and notes that deserve a look.
    """

    added: Added | None = None

    def add(self, dataset: str | Path) -> Self:
        """Add a dataset of your own; one with the same identifier is replaced.

        Parameters
        ----------
        dataset
            Folder with ``dataset.yaml`` or ``dataset.jsonld`` (``DatasetVersion`` of openMINDS) beside its files, or
            a BIDS dataset; the page about own data has all keys.

        Returns
        -------
        KnowledgeGraph
            The graph with the dataset, which is the newest from now on. This one stays as it is.

        Raises
        ------
        BadDescription
            If the description is not right; names the key and the next step.
        SnapshotError
            If this graph is no snapshot: an endpoint, or a file.

        Examples
        --------
        >>> import siibra_kg
        >>> kg = siibra_kg.open()                                   # doctest: +SKIP
        >>> kg = kg.add("my-data")                                  # doctest: +SKIP
        >>> kg.added.notes, kg.own_datasets()                       # doctest: +SKIP
        """
        from siibra_kg.adding.add import add  # noqa: PLC0415  most sessions add nothing

        done = add(self._ask, self._snapshot(), self.settings, dataset)
        graph = self._at(done.path)
        graph.added = done
        return graph

    def remove(self, dataset: str) -> Self:
        """Take a dataset away, by its identifier; gives the graph without it. No file of yours is touched.

        Raises
        ------
        NoSuchName
            If there is none; ``close`` has those there are.
        """
        from siibra_kg.adding.add import remove  # noqa: PLC0415  as above

        return self._at(remove(self._snapshot(), self.settings, dataset))

    def own_datasets(self) -> tuple[OwnDataset, ...]:
        """Give the datasets that were added, by identifier."""
        from siibra_kg.adding.add import datasets  # noqa: PLC0415  as above

        return datasets(self._ask)

    def _snapshot(self) -> Snapshot:
        if self.snapshot is None:
            hint = "open one made by `siibra-kg build`"
            raise SnapshotError("this graph", "it is no snapshot, and a dataset can be added only to one", hint)
        return self.snapshot

    def _at(self, path: Path) -> Self:
        snapshot = find(path, self.settings)
        return type(self)(open_store(snapshot.store_path), settings=self.settings, snapshot=snapshot)
