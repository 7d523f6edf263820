"""What is in a graph and where it can be had, for machines: VoID, service description, DCAT, examples, schema.org.

Pure functions from an :class:`~siibra_kg.describe.about.About` to triples. The server and the release folder say the
same because both ask here.
"""
