"""Label maps: what their labels mean, where they are, and what can be measured, cut and painted."""
