"""siibra 1.0.1a25 beside this project: an environment of its own, and a process that answers questions as JSON."""
