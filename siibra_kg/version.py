"""The version, by itself, so that every layer can name it without importing the package's door."""

__all__ = ["__version__"]

__version__ = "0.1.0"
