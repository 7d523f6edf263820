"""The graph over HTTP: SPARQL endpoint, linked-data pages, templates as REST. Needs the extra ``server``.

One process accepts connections and never touches the store (:mod:`siibra_kg.server.app`). What a request asks for is
a :class:`~siibra_kg.server.job.Job`; a worker process that may be killed at any time does it
(:mod:`siibra_kg.server.pool`, :mod:`siibra_kg.server.jobs`).
"""
