"""Linked-data pages: what every IRI of the graph answers, in HTML and RDF, a search box, and a start page."""
