"""The graph described in the words of the web: VoID, SPARQL service description, DCAT, schema.org, examples."""
