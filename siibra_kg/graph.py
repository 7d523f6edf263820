"""KnowledgeGraph: one object that answers questions about brain atlases, from whatever store holds the graph.

The class is thin on purpose: what can be asked is in ``queries/*.rq`` and :mod:`siibra_kg.questions`; this module
only turns names into nodes, hands them on, and gives the answers a view to walk further with.
"""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from siibra_kg import export
from siibra_kg.build import build
from siibra_kg.build.snapshot import CURRENT, find
from siibra_kg.config import Settings
from siibra_kg.facade.live import Live
from siibra_kg.facade.located import Located
from siibra_kg.facade.measured import Measured
from siibra_kg.facade.own import Own
from siibra_kg.facade.told import Told
from siibra_kg.progress import progress_bar
from siibra_kg.questions import (
    checks,
    citations,
    lookup,
    naming,
    provenance,
)
from siibra_kg.questions.run import run, run_text
from siibra_kg.stores import open_store
from siibra_kg.table import Table
from siibra_kg.terms import IRI

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import rdflib
    from typing_extensions import Self

    from siibra_kg.federation import Endpoint, Federation
    from siibra_kg.questions.ask import Asker
    from siibra_kg.questions.checks import CheckReport
    from siibra_kg.questions.citations import Citation
    from siibra_kg.questions.provenance import Info

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
    graphs: Sequence[str] = (),
    settings: Settings | None = None,
    progress: Callable[[str, int, int | None], None] | None = None,
) -> KnowledgeGraph:
    """Open a graph; with no argument, the newest snapshot, built now if there is none.

    Parameters
    ----------
    path_or_url
        Snapshot folder, RDF file, or http(s) address of a SPARQL endpoint.
    in_memory
        Load the snapshot into memory: some seconds, then joins are two to eight times faster.
    graphs
        For an endpoint: the named graphs to ask, as a union; all of them unless told. Say it for an engine that also
        holds other data, as Virtuoso does from its first start.
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
    ValueError
        If graphs are chosen for something that is no endpoint.

    Examples
    --------
    >>> import siibra_kg
    >>> kg = siibra_kg.open()                                       # doctest: +SKIP
    >>> kg = siibra_kg.open("https://example.org/sparql")           # doctest: +SKIP
    """
    settings = settings or Settings.from_environment()
    text = "" if path_or_url is None else str(path_or_url)
    if text.startswith(("http://", "https://")):
        return KnowledgeGraph(open_store(text, timeout=settings.timeout, graphs=graphs), settings=settings)
    if graphs:
        raise ValueError(f"graphs can be chosen at an endpoint only, and {text or 'the newest snapshot'} is none")
    path = Path(text).expanduser() if text else None
    if path is not None and path.is_file():
        return KnowledgeGraph(open_store(path), settings=settings)
    if path is None and not (settings.home / CURRENT).exists():
        with progress_bar() as shown:
            build(settings=settings, progress=progress or shown)
    snapshot = find(path, settings)
    store = open_store(snapshot.graph_path if in_memory else snapshot.store_path)
    return KnowledgeGraph(store, settings=settings, snapshot=snapshot)


class KnowledgeGraph(Live, Measured, Located, Told, Own):
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

    def federate(self, endpoints: Mapping[str, str | Endpoint]) -> Federation:
        """Put other SPARQL endpoints beside this graph. Nothing is sent before the first query.

        Parameters
        ----------
        endpoints
            By names of your own: addresses, names of known endpoints (:func:`siibra_kg.federation.presets`), or
            :class:`~siibra_kg.federation.Endpoint` values with limits of their own.

        Raises
        ------
        EndpointError
            If an address is malformed.

        Examples
        --------
        >>> kg.federate({"uberon": "ubergraph"}).query("federate/part-of", terms="UBERON:0002436")  # doctest: +SKIP
        """
        from siibra_kg.federation import federate  # noqa: PLC0415  70 ms for those who ask others

        return federate(self.store, self.templates, endpoints, self.settings, resolved=self._resolved)

    def _resolved(self, name: str, values: dict[str, object]) -> dict[str, object]:
        """Look up names that are given where a template takes IRIs."""
        kinds = {p.name: p.type for p in self.templates[name].parameters}

        def one(parameter: str, value: object) -> object:
            if kinds.get(parameter) != "iri" or not isinstance(value, str) or isinstance(value, IRI):
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
