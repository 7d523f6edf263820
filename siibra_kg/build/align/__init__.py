"""Alignment: which nodes of siibra-configurations are which nodes of openMINDS, and what follows from it."""
