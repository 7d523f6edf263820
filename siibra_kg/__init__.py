"""Brain atlases as a knowledge graph that anyone can query."""

__version__ = "0.1.0"
