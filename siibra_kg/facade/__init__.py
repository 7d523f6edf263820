"""What a KnowledgeGraph can be asked, one family of methods a module; see :mod:`siibra_kg.graph`."""
