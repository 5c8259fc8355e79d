"""Maintainers' programs: each makes something that ships. One convention: `python -m tools.NAME
--help`.
"""
