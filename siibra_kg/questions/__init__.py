"""Questions: pure functions from a graph and values to values. All SPARQL is in ``queries/*.rq``.

Each function takes an :class:`~siibra_kg.questions.ask.Asker` first: the store, the templates, and the view that the
values it makes are given.
"""
