"""Files of the web on this machine: downloads that are bounded, checked, and kept whole or not at all."""
