"""Files appear whole or not at all."""

from __future__ import annotations

import pytest

from data.atomic import atomic_path
from data.errors import InputError


def test_success_replaces_and_leaves_nothing_beside(tmp_path):
    target = tmp_path / "曲 目.csv"
    target.write_text("old")
    with atomic_path(target) as temporary:
        assert temporary.suffix == ".csv"
        temporary.write_text("new")
    assert target.read_text() == "new"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, RuntimeError])
def test_interruption_keeps_the_old_file(tmp_path, interruption):
    target = tmp_path / "catalogue.csv"
    target.write_text("old")
    with pytest.raises(interruption), atomic_path(target) as temporary:
        temporary.write_text("half")
        raise interruption
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(InputError, match="cannot be written"),
        atomic_path(tmp_path / "file" / "out.csv"),
    ):
        pass
