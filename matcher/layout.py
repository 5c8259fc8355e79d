"""How rows lie in a prepared index."""

from __future__ import annotations

BLOCK, GROUP = 64, 16
"""Rows of a block, blocks of a group. `matcher.kernels` is compiled with them and saved indexes are
laid out by them: with a change here, `matcher.store.VERSION` changes, and a line of the kernels,
whose cache notices no other file."""
