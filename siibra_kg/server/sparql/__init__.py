"""SPARQL 1.1 Protocol: what a request asks for, and its evaluation in a worker."""
