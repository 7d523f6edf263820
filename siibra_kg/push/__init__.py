"""Loads a snapshot into another SPARQL 1.1 Graph Store: by named graph, in chunks, resumable, verified by counts."""
