"""A snapshot as a static release folder, and the check of one: dumps, descriptions, mappings, shapes, RO-Crate."""
