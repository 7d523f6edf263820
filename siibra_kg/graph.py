"""KnowledgeGraph: one object that answers questions about brain atlases, from whatever store holds the graph.

The class is thin on purpose: what can be asked is in ``queries/*.rq`` and :mod:`siibra_kg.questions`; this module
only turns names into nodes, hands them on, and gives the answers a view to walk further with.
"""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from siibra_kg import export, resources, voxels
from siibra_kg.build import build
from siibra_kg.build.snapshot import CURRENT, Snapshot, find
from siibra_kg.config import Settings
from siibra_kg.errors import NoSuchName
from siibra_kg.progress import progress_bar
from siibra_kg.questions import (
    checks,
    citations,
    feature_query,
    hierarchy,
    lookup,
    maps,
    naming,
    parcellations,
    provenance,
    spaces,
    sssom_table,
)
from siibra_kg.questions.feature_index import FeatureIndex
from siibra_kg.questions.run import run, run_text
from siibra_kg.stores import open_store
from siibra_kg.table import Table
from siibra_kg.templates import Catalog
from siibra_kg.view import GraphView

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import BinaryIO

    import rdflib
    from typing_extensions import Self

    from siibra_kg import model
    from siibra_kg.model_features import Feature, Match, Modality
    from siibra_kg.questions.ask import Asker
    from siibra_kg.questions.checks import CheckReport
    from siibra_kg.questions.citations import Citation
    from siibra_kg.questions.provenance import Info
    from siibra_kg.stores.protocol import Store
    from siibra_kg.terms import IRI, Quad
    from siibra_kg.volumes import LabelMap, Volume

__all__ = ["KnowledgeGraph", "open_graph"]


#: What a name stands for when it is given to a parameter of a template; anything else may be any node.
ROLES: Mapping[str, Callable[[Asker, str], object]] = MappingProxyType(
    {
        **dict.fromkeys(("region", "regions", "a", "b"), lookup.region),
        **dict.fromkeys(("release", "releases", "parcellations", "old", "new"), naming.parcellation),
        "space": naming.space,
        "atlas": naming.atlas,
    }
)


def open_graph(
    path_or_url: str | Path | None = None,
    *,
    in_memory: bool = False,
    settings: Settings | None = None,
    progress: Callable[[str, int, int | None], None] | None = None,
) -> KnowledgeGraph:
    """Open a graph; with no argument, the newest snapshot, built now if there is none.

    Parameters
    ----------
    path_or_url
        Snapshot folder, RDF file, or http(s) address of a SPARQL endpoint.
    in_memory
        Load the snapshot into memory: half a second, then joins are two to eight times faster.
    settings
        Where snapshots and files are kept; from the environment unless given.
    progress
        Called with (step, done, total) if a build is needed; a bar on stderr, where people watch, unless given.

    Raises
    ------
    SnapshotError
        If there is something at the path, but no snapshot that this version can read.
    EndpointError
        If the endpoint cannot be reached.

    Examples
    --------
    >>> import siibra_kg
    >>> kg = siibra_kg.open()                                       # doctest: +SKIP
    >>> kg = siibra_kg.open("https://example.org/sparql")           # doctest: +SKIP
    """
    settings = settings or Settings.from_environment()
    text = "" if path_or_url is None else str(path_or_url)
    if text.startswith(("http://", "https://")):
        return KnowledgeGraph(open_store(text, timeout=settings.timeout), settings=settings)
    path = Path(text).expanduser() if text else None
    if path is not None and path.is_file():
        return KnowledgeGraph(open_store(path), settings=settings)
    if path is None and not (settings.home / CURRENT).exists():
        with progress_bar() as shown:
            build(settings=settings, progress=progress or shown)
    snapshot = find(path, settings)
    store = open_store(snapshot.graph_path if in_memory else snapshot.store_path)
    return KnowledgeGraph(store, settings=settings, snapshot=snapshot)


class KnowledgeGraph:
    """A graph of brain atlases, open for questions.

    Parameters
    ----------
    store
        Anything that answers SPARQL: see :mod:`siibra_kg.stores`.
    settings
        Where files are kept; from the environment unless given.
    snapshot
        The snapshot that the store belongs to, if any.

    Examples
    --------
    >>> import siibra_kg
    >>> with siibra_kg.open() as kg:                                # doctest: +SKIP
    ...     kg.region("left amygdala", "AAL1").mask("colin 27").save("amygdala.nii.gz")
    """

    def __init__(self, store: Store, *, settings: Settings | None = None, snapshot: Snapshot | None = None) -> None:
        self.store = store
        self.settings = settings or Settings.from_environment()
        self.snapshot = snapshot
        self.templates = Catalog(resources.folder("queries"))
        self._ask = GraphView(store, self.templates, self.settings).ask
        self._features = FeatureIndex(self._ask)

    # -- the graph as such ---------------------------------------------------------------------------------------

    def info(self) -> Info:
        """Say what is in the graph: sources, versions, licences, triples per graph, and what is missing."""
        return provenance.info(self._ask, self.snapshot.manifest if self.snapshot else None)

    def sparql(self, text: str) -> Table | bool | rdflib.Graph:
        """Run SPARQL of your own; the project's prefixes need not be declared.

        Returns
        -------
        Table, bool or rdflib.Graph
            For SELECT; for ASK; for CONSTRUCT and DESCRIBE.

        Raises
        ------
        QueryError
            With line and column, if the store refuses the query. Updates and SERVICE are always refused.
        """
        answer = run_text(self.store, text)
        return answer if isinstance(answer, Table | bool) else export.to_graph(answer)

    def query(self, name: str, /, **values: object) -> Table:
        """Run a template. Values are Python values, IRIs, CURIEs, names, or what other calls gave back.

        Raises
        ------
        NoSuchTemplate, ParameterError
            If there is no such template, or it does not take these values.
        """
        return run(self.store, self.templates[name], self._resolved(name, values))

    def explain(self, name: str, /, **values: object) -> str:
        """Give the exact SPARQL that :meth:`query` would send."""
        return self.templates[name].bind(self._resolved(name, values))

    def _resolved(self, name: str, values: dict[str, object]) -> dict[str, object]:
        """Look up names that are given where a template takes IRIs."""
        kinds = {p.name: p.type for p in self.templates[name].parameters}

        def one(parameter: str, value: object) -> object:
            if kinds.get(parameter) != "iri" or not isinstance(value, str):
                return value
            text = value.removeprefix("<").removesuffix(">")
            return lookup.as_iri(text) or ROLES.get(parameter, lookup.resolve)(self._ask, text)

        return {k: tuple(one(k, x) for x in v) if isinstance(v, list | tuple) else one(k, v) for k, v in values.items()}

    def check(self, *, shacl: bool = False) -> CheckReport:
        """Run the checks of ``queries/check`` and, with ``shacl``, the shapes through pySHACL (extra ``ontology``)."""
        return checks.run_checks(self.store, self.templates, shacl=shacl)

    def cite(self, *things: object) -> Citation:
        """Give what to cite for regions, parcellations, spaces, features, names, or all nodes in a table of results.

        Returns
        -------
        Citation
            References, DOIs, licences, authors where they are known; ``.bibtex()``.
        """
        return citations.cite(self._ask, citations.nodes(things, self.resolve))

    # -- names ---------------------------------------------------------------------------------------------------

    def atlases(self) -> tuple[model.Atlas, ...]:
        """All atlases, by name."""
        return parcellations.atlases(self._ask)

    def spaces(self) -> tuple[model.Space, ...]:
        """All reference spaces, by name."""
        return spaces.spaces(self._ask)

    def parcellations(self) -> tuple[model.Parcellation, ...]:
        """All releases of all atlases, oldest first; an atlas without releases stands for itself."""
        return parcellations.parcellations(self._ask)

    def maps(self) -> tuple[model.Map, ...]:
        """All maps, by release, space and kind; :meth:`map` reads one."""
        return maps.maps(self._ask)

    def atlas(self, spec: str | model.Atlas) -> model.Atlas:
        """The one atlas of this name; see :meth:`region` for what a name can be and which errors there are."""
        return naming.atlas(self._ask, spec)

    def space(self, spec: str | model.Space) -> model.Space:
        """The one reference space of this name; a space that some parcellation uses is preferred over others."""
        return naming.space(self._ask, spec)

    def parcellation(self, spec: str | model.Parcellation) -> model.Parcellation:
        """The one release of this name; an atlas's name without version means its newest release."""
        return naming.parcellation(self._ask, spec)

    def region(self, spec: str | model.Region, parcellation: str | model.Parcellation | None = None) -> model.Region:
        """Give exactly one region.

        Parameters
        ----------
        spec
            Name, synonym, abbreviation, id, CURIE or IRI. Case, punctuation and the wording of a hemisphere do not
            count. A part of a name counts if it fits one region only.
        parcellation
            Atlas or release in which to look; the newest release of every atlas unless told.

        Raises
        ------
        NoSuchName
            If there is none; ``close`` has the nearest names.
        AmbiguousName
            If there are several; ``candidates`` has them.
        """
        return lookup.region(self._ask, spec, parcellation)

    def find(
        self, spec: str | model.Region, parcellation: str | model.Parcellation | None = None
    ) -> tuple[model.Region, ...]:
        """Give all regions that a name fits, best first; nothing if there is none."""
        return lookup.find_regions(self._ask, spec, parcellation)

    def resolve(self, spec: object) -> IRI:
        """Give the one node, of whatever kind, that a name, id, CURIE, IRI or value stands for."""
        return lookup.resolve(self._ask, spec)

    def draw_tree(self, spec: str, parcellation: str | None = None, *, depth: int | None = None) -> Iterator[str]:
        """Draw the tree below a region, or of a whole parcellation or atlas, as lines of text."""
        if parcellation is None:
            try:
                root = self.parcellation(spec).iri
            except NoSuchName:
                root = self.region(spec).iri
        else:
            root = self.region(spec, parcellation).iri
        return hierarchy.draw(self._ask, root, depth=depth)

    # -- features ------------------------------------------------------------------------------------------------

    def features(
        self,
        concept: object,
        modality: object = None,
        *,
        parcellation: str | model.Parcellation | None = None,
        anchoring: str | None = None,
    ) -> tuple[Match, ...]:
        """Give the features that belong to a concept, best matches first; nothing is asked of any network.

        Parameters
        ----------
        concept
            A region, several regions, a parcellation, a space, a :class:`Point`, :class:`PointCloud` or
            :class:`BoundingBox`; or the name of a region (in ``parcellation``), of a parcellation or of a space.
        modality
            Some words of the name of a class (``"receptor fingerprint"``), a category (``"cellular"``), a modality
            of :meth:`modalities`, or several of these; all unless told.
        anchoring
            ``"siibra"`` for siibra's answer alone, ``"curated"`` for what this graph adds; both unless told.

        Raises
        ------
        NoSuchName, AmbiguousName
            If a name means nothing, or several regions; ``close`` and ``candidates`` have what there is.
        """
        return feature_query.query(self._features, concept, modality, parcellation=parcellation, anchoring=anchoring)

    def feature(self, spec: str | Feature) -> Feature:
        """The one feature of this IRI, CURIE or id."""
        return feature_query.feature(self._features, spec)

    def modalities(self) -> tuple[Modality, ...]:
        """The kinds of features, by category, and how many there are of each."""
        return tuple(self._features.modalities.values())

    # -- voxels --------------------------------------------------------------------------------------------------

    def mask(self, region: str | model.Region, space: str | model.Space | None = None) -> Volume:
        """See :meth:`Region.mask <siibra_kg.model.Region.mask>`; the space is needed where there are several."""
        return voxels.mask(self._ask, self.settings, self.region(region), space)

    def map(
        self,
        parcellation: str | model.Parcellation,
        space: str | model.Space | None = None,
        kind: str = "labelled",
        spec: str | None = None,
    ) -> LabelMap:
        """Give the label map of a parcellation in a space.

        Parameters
        ----------
        parcellation
            A release, or its name.
        space
            Needed where the release has such maps in several spaces.
        kind
            ``"labelled"``; siibra's ``LABELLED`` is the same. Statistical maps are found, but not read yet.
        spec
            Words of the map's id or name, where there are several: ``"227"``.

        Raises
        ------
        AmbiguousName
            If there are several; ``candidates`` has them as values.
        DataMissing
            If the graph names no such map, or its voxels are not on this machine: says where they are.
        """
        return voxels.label_map(self._ask, self.settings, self.parcellation(parcellation), space, kind=kind, spec=spec)

    def template(self, space: str | model.Space, variant: str | None = None) -> Volume:
        """Give the template image of a reference space; ``space.templates`` has all references.

        Raises
        ------
        AmbiguousName
            If there are several forms and no variant is given; ``candidates`` has the references.
        DataMissing
            If the graph names none, or its voxels are not on this machine: says where they are.
        """
        return voxels.template(self._ask, self.settings, self.space(space), variant)

    def picture(self, region: model.Region, out: str | Path, space: str | model.Space | None = None) -> Path:
        """Draw a region on three orthogonal slices into a PNG file."""
        return voxels.picture(self._ask, self.settings, region, Path(out), space)

    # -- to other tools ------------------------------------------------------------------------------------------

    def to_rdflib(self) -> rdflib.Dataset:
        """Give an :class:`rdflib.Dataset` over the same store; an embedded store is not copied."""
        return export.to_rdflib(self.store)

    def to_turtle(self, node: object) -> str:
        """Write what the graph says about a node as Turtle."""
        return export.to_turtle(self._quads(node))

    def to_nquads(self, node: object) -> str:
        """Write what the graph says about a node as N-Quads, with the named graphs that say it."""
        return export.to_nquads(self._quads(node))

    def to_jsonld(self, node: object) -> dict[str, Any]:
        """Write what the graph says about a node as compact JSON-LD with the bundled context."""
        return export.to_jsonld(self._quads(node), self.resolve(node))

    def _quads(self, node: object) -> tuple[Quad, ...]:
        base = self.snapshot.manifest.base_iri if self.snapshot else self.settings.base_iri
        return export.node_quads(self.store, self.templates, self.resolve(node), base)

    def export(self, form: str, out: Path | BinaryIO) -> None:
        """Write the whole graph: ``nq`` (canonical), ``ttl`` (union), ``jsonld``, or its mappings as ``sssom``."""
        if form == "sssom":
            version = self.snapshot.manifest.content_hash if self.snapshot else ""
            export.write_text(sssom_table.sssom(self._ask, version), out)
        else:
            export.dump(self.store, self.snapshot, form, out)

    # -- life ----------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Let go of files and connections."""
        self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<KnowledgeGraph on {self.snapshot.path if self.snapshot else repr(self.store)}>"

    def _repr_html_(self) -> str:
        return self.info()._repr_html_()
