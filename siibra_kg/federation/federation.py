"""Federation: a graph here, endpoints elsewhere, and the queries that join them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from siibra_kg.errors import EndpointError, ParameterError, QueryError
from siibra_kg.federation.fetch import Limits
from siibra_kg.federation.run import run_federated
from siibra_kg.federation.split import services
from siibra_kg.questions.run import with_prefixes
from siibra_kg.resources import folder
from siibra_kg.web.guarded import Client, Endpoint

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from siibra_kg.config import Settings
    from siibra_kg.federation.answer import FederatedTable
    from siibra_kg.stores.protocol import Store
    from siibra_kg.templates import Template

__all__ = ["Federation", "Preset", "federate", "presets"]


@dataclass(frozen=True, slots=True)
class Preset:
    """A public endpoint that is known here by a name; ``ontologies/endpoints.json`` has the table.

    Parameters
    ----------
    name
        For instance ``ubergraph``.
    url
        Its address, as its makers publish it.
    about
        What it is good for here.
    """

    name: str
    url: str
    about: str


def presets() -> dict[str, Preset]:
    """Give the public endpoints that are known by name. None is contacted.

    >>> presets()["ubergraph"].url
    'https://ubergraph.apps.renci.org/sparql'
    """
    table = json.loads((folder("ontologies") / "endpoints.json").read_text("utf-8"))
    return {name: Preset(name, entry["url"], entry["about"]) for name, entry in table["endpoints"].items()}


@dataclass(frozen=True, slots=True)
class Federation:
    """Endpoints by name beside a store. Nothing is sent before the first query.

    Parameters
    ----------
    store
        The graph here.
    templates
        Queries by name; those in ``federate/`` have a parameter ``endpoint``.
    endpoints
        By name.
    client
        Calls them.
    resolved
        Turns names of regions into IRIs: called with the name of a template and the values given to it.
    limits
        How much is sent and taken.
    """

    store: Store
    templates: Mapping[str, Template]
    endpoints: Mapping[str, Endpoint]
    client: Client = field(repr=False)
    resolved: Callable[[str, dict[str, object]], dict[str, object]] = lambda _, values: values
    limits: Limits = field(default_factory=Limits)

    def query(self, name: str, /, *, endpoint: str = "", **values: object) -> FederatedTable:
        """Run a template of ``federate/``.

        Parameters
        ----------
        name
            For instance ``federate/uberon-terms``.
        endpoint
            Name or address of an endpoint of this federation; may be left out where there is only one.
        values
            Values of the other parameters.

        Raises
        ------
        NoSuchTemplate, ParameterError
            If there is no such template, or it does not take these values.
        EndpointError
            If the endpoint is not one of this federation, or does not answer as it should.
        """
        template = self.templates[name]
        parameters = {p.name for p in template.parameters}
        if template.form != "SELECT" or "endpoint" not in parameters:
            raise ParameterError(name, "endpoint", "this template asks no other endpoint; use kg.query")
        bound = template.bind({**self.resolved(name, dict(values)), "endpoint": self.url(endpoint)})
        return run_federated(
            self.store, bound, self.client, columns=template.columns, types=template.types, limits=self.limits
        )

    def explain(self, name: str, /, *, endpoint: str = "", **values: object) -> str:
        """Give the whole federated query as SPARQL 1.1, as any engine that may call the endpoint could run it."""
        bound = self.templates[name].bind({**self.resolved(name, dict(values)), "endpoint": self.url(endpoint)})
        if not services(bound):
            raise QueryError("this template asks no other endpoint", bound)
        return bound

    def sparql(self, text: str) -> FederatedTable:
        """Run a SELECT of your own; its SERVICE blocks name endpoints of this federation, by address or ``<name>``.

        Raises
        ------
        QueryError
            If it cannot be split at its SERVICE blocks, or the rest is refused.
        EndpointError
            If a block names another endpoint, or one does not answer as it should.
        """
        query = with_prefixes(text)
        for service in reversed(services(query)):
            name = service.named[1:-1] if service.named.startswith("<") else ""
            if name in self.endpoints:
                start = query.index(service.named, service.start)
                end = start + len(service.named)
                query = f"{query[:start]}<{self.endpoints[name].url}>{query[end:]}"
        return run_federated(self.store, query, self.client, limits=self.limits)

    def url(self, endpoint: str = "") -> str:
        """Give the address of an endpoint by its name, or of the only one.

        Raises
        ------
        EndpointError
            If it is not one of this federation, or it is not clear which is meant.
        """
        if not endpoint:
            if len(self.endpoints) != 1:
                raise EndpointError("", f"say which endpoint to ask: {', '.join(self.endpoints) or 'there is none'}")
            return next(iter(self.endpoints.values())).url
        if endpoint in self.endpoints:
            return self.endpoints[endpoint].url
        return self.client.endpoint(endpoint).url

    def __repr__(self) -> str:
        return f"<Federation: {', '.join(f'{n} <{e.url}>' for n, e in self.endpoints.items())}>"


def federate(
    store: Store,
    templates: Mapping[str, Template],
    endpoints: Mapping[str, str | Endpoint],
    settings: Settings,
    *,
    resolved: Callable[[str, dict[str, object]], dict[str, object]] = lambda _, values: values,
    limits: Limits = Limits(),  # noqa: B008  frozen
) -> Federation:
    """Put a store and endpoints together.

    Parameters
    ----------
    store, templates
        The graph here and its queries.
    endpoints
        By a name of your own: an address, the name of a preset, or an :class:`Endpoint` with limits of its own. An
        address of this machine or its network has to be written as such: as ``localhost`` or as a number.
    settings
        Whether the network may be used, and the seconds that a request may take.
    resolved
        Turns names into IRIs.
    limits
        How much is sent and taken.

    Raises
    ------
    EndpointError
        If an address is malformed.
    """
    known = presets()
    made: dict[str, Endpoint] = {}
    for name, given in endpoints.items():
        if isinstance(given, Endpoint):
            made[name] = given
        else:
            made[name] = Endpoint.configured(known[given].url if given in known else given, timeout=settings.timeout)
    client = Client(made.values(), offline=settings.offline)
    return Federation(store, templates, made, client, resolved, limits)
