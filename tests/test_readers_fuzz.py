"""A share of `benchmarks.fuzz` with every run of the tests: no reader falls over damaged files."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import fuzz, fuzz_media
from benchmarks.fuzz_readers import Reader, readers
from benchmarks.mutations import BINARY, TEXT, mutated


@pytest.mark.filterwarnings("ignore")
def test_a_right_result_or_one_sentence(tmp_path, monkeypatch: pytest.MonkeyPatch):
    made = tmp_path / "made"
    made.mkdir()
    monkeypatch.setenv("LEITMOTIF_CACHE", str(made))
    fuzzer = fuzz.Fuzzer(tmp_path, seed=7)
    chosen = list(readers(made))
    fuzzer.run(chosen, inputs=60 * len(chosen), seconds=60)
    assert not fuzzer.findings, fuzzer.report()
    assert {name for name, _ in fuzzer.outcomes} == {reader.name for reader in chosen}


def test_damaged_media_end_no_worker(tmp_path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LEITMOTIF_CACHE", str(tmp_path))
    fuzzer = fuzz.Fuzzer(tmp_path, seed=7)
    fuzz_media.run(fuzzer, 7)
    assert not fuzzer.findings, fuzzer.report()
    assert sum(fuzzer.outcomes.values()) == 7


def test_a_reader_that_falls_over_or_answers_wrongly_is_found(tmp_path):
    def read(path):
        return int(path.read_text())

    def differs(found, original):
        return "" if found == original else "another number"

    fuzzer = fuzz.Fuzzer(tmp_path, seed=7)
    fuzzer.run([Reader("number", (b"12345",), read, differs, is_text=True)], inputs=100)
    said = {finding.what.split(":")[0] for finding in fuzzer.findings}
    assert {"another number", "ValueError"} <= said
    assert all(finding.kept.is_file() for finding in fuzzer.findings)


def test_the_same_seed_makes_the_same_damage():
    for kinds in (BINARY, TEXT):
        a, b = (mutated(b"a,b\n1,2\n", np.random.default_rng(3), kinds) for _ in range(2))
        assert a == b
    assert mutated(b"", np.random.default_rng(3), TEXT) == b""
