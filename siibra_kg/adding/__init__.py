"""Datasets of the user's own: from a folder with a description to features of the graph, and back."""
