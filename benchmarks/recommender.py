"""What training, loading and predicting cost: `python benchmarks/recommender.py [--pairs FILE] [--trials N]`.

Seconds of this process's CPU (one thread; what one quiet core would take) and of the clock beside
them. The pairs are planted: random pictures, music from a curved rule with noise. With --trials, a
study on --pairs (default: the shipped music videos) is timed too.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "recommender")]


class Clock:
    """CPU and wall seconds of a `with` block."""

    def __enter__(self) -> Clock:
        self._wall, self._cpu = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *_: object) -> None:
        self.wall, self.cpu = time.perf_counter() - self._wall, time.process_time() - self._cpu

    def to_dict(self) -> dict[str, float]:
        return {"cpu_s": round(self.cpu, 4), "wall_s": round(self.wall, 4)}


def training(scenes: int, epochs: int) -> dict:
    """Ridge and `epochs` epochs of batches of 64 on `scenes` training pairs."""
    from planted import curved_rule, planted

    from recommender.lit_module import Settings
    from recommender.train import train

    pairs, _ = planted(curved_rule, scenes * 5 // 3, noise=0.25)
    parts = pairs.split("train"), pairs.split("validation")
    train(*(p.take(np.arange(200)) for p in parts), settings=Settings(epochs=1))  # imports and first calls
    with Clock() as clock:
        train(*parts, settings=Settings(epochs=epochs, patience=epochs))
    return {"pairs": len(parts[0]), "epochs": epochs, **clock.to_dict()}


def planted_truth() -> dict:
    """Recall@3 on planted rules: chance, ridge, the default network, a wider one, and the rule itself."""
    from planted import curved_rule, linear_rule, planted

    from recommender.baselines import BASELINES
    from recommender.evaluate import Prediction, fit_network, held_out
    from recommender.lit_module import Settings
    from recommender.network import Config
    from recommender.spread import fit_spread

    found = {}
    wider = fit_network(config=Config(96, 2, 32, 0.05, 0.0), settings=Settings(epochs=60, learning_rate=1e-2, batch_size=128))
    fits = {"ridge": BASELINES["ridge"], "network": fit_network(), "network, wider": wider}
    for rule in (curved_rule, linear_rule):
        pairs, truth = planted(rule, 4000, noise=0.25)
        test = np.array([s == "test" for s in pairs.splits])
        query = fit_spread(truth, pairs.music).apply(truth)
        given = {"the rule": lambda _, t=truth[test], q=query[test]: Prediction(t, q)}
        table = held_out(pairs.split("train", "validation"), pairs.take(test), fits, given=given, title=rule.__name__)
        found[rule.__name__] = {s.name: round(s.metrics["recall@3"], 3) for s in table.scores}
    return found


def loading(weights: Path) -> dict:
    """Milliseconds to load a predictor in a fresh process after torch's import, and to predict one vector."""
    code = (
        "import sys, time, torch; t = time.perf_counter(); from recommender import load_recommender; r = load_recommender(sys.argv[1]);"
        "v = [50] * 4 + [0, 50] + [0.5] * 3 + [0, 0]; loaded = time.perf_counter() - t; r.predict(v); times = [];\n"
        "for _ in range(300):\n    t = time.perf_counter(); r.predict(v); times.append(time.perf_counter() - t)\n"
        "print(1e3 * loaded, 1e3 * sorted(times)[150])"
    )
    runs = [subprocess.run([sys.executable, "-c", code, weights], cwd=ROOT, capture_output=True, text=True, check=True) for _ in range(5)]
    load, predict = np.array([[float(x) for x in run.stdout.split()] for run in runs]).min(0)
    return {"weights": weights.name, "load_ms": round(load, 2), "predict_ms": round(predict, 3)}


def study(pairs_file: Path, trials: int) -> dict:
    """A study of `trials` trials of 30 epochs."""
    from data.pairs import read_pairs
    from recommender.lit_module import Settings
    from recommender.tune import tune

    pairs = read_pairs(pairs_file)
    with tempfile.TemporaryDirectory() as folder, Clock() as clock:
        found = tune(pairs, Path(folder, "study.db"), trials, settings=Settings(epochs=30))
        best, first = found.best_value, found.trials[0].value
        del found
    return {"trials": trials, "best": round(best, 4), "default": round(first, 4), **clock.to_dict()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=Path, default=ROOT / "data" / "pairs_muvi_sync.csv")
    parser.add_argument("--trials", type=int, default=0, help="also time a study of so many trials")
    args = parser.parse_args()
    weights = sorted((ROOT / "data" / "weights").glob("recommender*.safetensors"))
    report = {"training": training(10_000, 50), "loading": [loading(path) for path in weights], "planted recall@3": planted_truth()}
    if args.trials:
        report["study"] = study(args.pairs, args.trials)
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
