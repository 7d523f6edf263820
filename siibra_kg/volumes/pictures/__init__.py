"""Pictures of volumes, maps and surfaces, and how they show themselves in notebooks."""
