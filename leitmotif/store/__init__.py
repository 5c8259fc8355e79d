"""The one file in which everything that a person would miss is kept.

Projects, choices, scores, jobs and taste lie in one SQLite file of the data folder. `database`
opens it, safely for several threads and processes at once, and brings its tables up to date; which
tables there are, every room says for itself.
"""
