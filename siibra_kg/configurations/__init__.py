"""siibra-configurations become N-Triples: atlases, spaces, parcellations, maps and features."""
