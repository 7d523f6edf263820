"""Statistical maps: the values of many regions, kept sparse."""
