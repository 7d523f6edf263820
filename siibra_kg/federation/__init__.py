"""Joins this graph with other SPARQL endpoints by a bounded client, never by an engine's own SERVICE."""
