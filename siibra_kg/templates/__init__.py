"""Templates: SPARQL files with typed parameters and columns. They know text and types, no store."""

from siibra_kg.templates.binding import Template
from siibra_kg.templates.catalog import Catalog
from siibra_kg.templates.header import QUERY_KEYS, Parameter, read_header
from siibra_kg.templates.parse import parse_template

__all__ = ["QUERY_KEYS", "Catalog", "Parameter", "Template", "parse_template", "read_header"]
