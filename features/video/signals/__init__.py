"""One family of signals per file: frames in, rows of numbers with their times out."""
