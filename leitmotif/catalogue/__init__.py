"""Building catalogues and asking built ones: files, memory of a build, workers, duplicates,
library, map.
"""
