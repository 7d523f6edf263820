"""What every family of methods of a graph stands on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from siibra_kg import resources
from siibra_kg.config import Settings
from siibra_kg.features import Reader, kind_of
from siibra_kg.questions.feature_index import FeatureIndex
from siibra_kg.templates import Catalog
from siibra_kg.view import GraphView

if TYPE_CHECKING:
    from siibra_kg.build.snapshot import Snapshot
    from siibra_kg.questions.ask import Asker
    from siibra_kg.stores.protocol import Store

__all__ = ["Base"]


class Base:
    """A store, the templates that are asked of it, and where files are.

    Parameters
    ----------
    store
        Anything that answers SPARQL: see :mod:`siibra_kg.stores`.
    settings
        Where files are kept; from the environment unless given.
    snapshot
        The snapshot that the store belongs to, if any.
    """

    _ask: Asker
    _features: FeatureIndex

    def __init__(self, store: Store, *, settings: Settings | None = None, snapshot: Snapshot | None = None) -> None:
        self.store = store
        self.settings = settings or Settings.from_environment()
        self.snapshot = snapshot
        self.templates = Catalog(resources.folder("queries"))
        self._ask = GraphView(store, self.templates, self.settings).ask
        self._features = FeatureIndex(self._ask, kind_of, Reader(self._ask, self.settings))
