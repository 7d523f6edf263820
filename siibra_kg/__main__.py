"""``python -m siibra_kg`` is the command line."""

from siibra_kg.cli import main

if __name__ == "__main__":
    main()
