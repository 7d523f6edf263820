"""Volumes that are read in blocks: pyramids of chunks, and sums that need no whole array."""
