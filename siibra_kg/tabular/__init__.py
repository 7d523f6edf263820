"""Tables of numbers in files: how they are written (CSVW), reading them within limits, adding many of them up."""
