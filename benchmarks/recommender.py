"""What training, loading and predicting cost, and what they reach where the truth is known: `python
benchmarks/recommender.py`.

Seconds of this process's CPU (one thread; what one quiet core would take) and of the clock beside
them. The pairs are planted: random pictures, music from a rule with noise
(`tests/recommender/planted.py`). With --trials N, a study on --pairs (default: the shipped music
videos) is timed too. With --tuned SEEDS it is asked instead whether tuning is worth it: on each of
`PROBLEMS` a study of N trials, then the default and the tuned network trained alike and judged on
fresh sources, again for every seed.
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

    from recommender.fit_network import train
    from recommender.lit_module import Settings

    pairs, _ = planted(curved_rule, scenes * 5 // 3, noise=0.25)
    parts = pairs.split("train"), pairs.split("validation")
    train(
        *(p.take(np.arange(200)) for p in parts), settings=Settings(epochs=1)
    )  # imports and first calls
    with Clock() as clock:
        train(*parts, settings=Settings(epochs=epochs, patience=epochs))
    return {"pairs": len(parts[0]), "epochs": epochs, **clock.to_dict()}


def planted_truth() -> dict:
    """Recall@3 on planted rules: chance, ridge, the default network, a wider one, and the rule
    itself.
    """
    from planted import curved_rule, linear_rule, planted, the_rule

    from recommender.baselines import BASELINES
    from recommender.comparison import fit_network, held_out
    from recommender.lit_module import Settings
    from recommender.network import Config

    found = {}
    wider = fit_network(
        config=Config(96, 2, 32, 0.05, 0.0),
        settings=Settings(epochs=60, learning_rate=1e-2, batch_size=128),
    )
    fits = {"ridge": BASELINES["ridge"], "network": fit_network(), "network, wider": wider}
    for rule in (curved_rule, linear_rule):
        pairs, truth = planted(rule, 4000, noise=0.25)
        test = np.array([s == "test" for s in pairs.splits])
        given = {"the rule": the_rule(truth[test], pairs.take(test))}
        table = held_out(
            pairs.split("train", "validation"),
            pairs.take(test),
            fits,
            given=given,
            title=rule.__name__,
        )
        found[rule.__name__] = {s.name: round(s.metrics["recall@3"], 3) for s in table.scores}
    return found


PROBLEMS = {
    "curved, 1,000 scenes, noise .25": ("curved_rule", 1000, 0.25),
    "curved, 1,000 scenes, noise .5": ("curved_rule", 1000, 0.5),
    "rippled, 2,000 scenes, noise .25": ("rippled_rule", 2000, 0.25),
}
"""Rule, scenes (three in five to train on, one to validate) and noise: little left to win; few
noisy pairs; other sizes needed.
"""


def tuned_truth(seeds: int, trials: int) -> dict:
    """Recall@3 on fresh sources: the rule itself, the default network, the tuned one, and its gain
    with a 95 % interval over seeds.
    """
    from scipy.stats import t

    found = {}
    for problem, (rule, scenes, noise) in PROBLEMS.items():
        scores = np.array([_tuned_once(rule, scenes, noise, trials, seed) for seed in range(seeds)])
        gain = scores[:, 2] - scores[:, 1]
        half = t.ppf(0.975, seeds - 1) * gain.std(ddof=1) / seeds**0.5
        means = dict(
            zip(("the rule", "default", "tuned"), scores.mean(0).round(3).tolist(), strict=True)
        )
        interval = [round(gain.mean() + side * half, 3) for side in (-1, 1)]
        found[problem] = {
            **means,
            "gain": round(gain.mean(), 3),
            "interval": interval,
            "by_seed": gain.round(3).tolist(),
        }
        print(problem, json.dumps(found[problem]), file=sys.stderr, flush=True)
    return found


def _tuned_once(rule: str, scenes: int, noise: float, trials: int, seed: int) -> list[float]:
    """Recall@3 of the rule, the default and the tuned network: everything, the fresh sources too,
    drawn anew by `seed`.
    """
    import planted

    from recommender.comparison import fit_network, held_out
    from recommender.lit_module import Settings
    from recommender.tune import best_of, tune

    pairs, _ = planted.planted(getattr(planted, rule), scenes, noise=noise, seed=seed)
    fresh, truth = planted.planted(
        getattr(planted, rule), 4000, noise=noise, seed=1000 + seed, name="fresh"
    )
    with tempfile.TemporaryDirectory() as folder:
        tune(
            pairs,
            Path(folder, "study.db"),
            trials,
            seed=seed,
            settings=Settings(epochs=30, seed=seed),
        )
        config, settings = best_of(Path(folder, "study.db"), Settings(seed=seed))
    fits = {
        "default": fit_network(settings=Settings(seed=seed)),
        "tuned": fit_network(config=config, settings=settings),
    }
    given = {"the rule": planted.the_rule(truth, fresh)}
    table = held_out(pairs.split("train", "validation"), fresh, fits, given=given, title=rule)
    return [table[name].metrics["recall@3"] for name in ("the rule", "default", "tuned")]


def loading(weights: Path) -> dict:
    """Milliseconds to load a predictor in a fresh process after torch's import, and to predict one
    vector.
    """
    code = (
        "import sys, time, torch; t = time.perf_counter(); "
        "from recommender import load_recommender; r = load_recommender(sys.argv[1]);"
        "v = [50] * 4 + [0, 50] + [0.5] * 3 + [0, 0]; loaded = time.perf_counter() - t; "
        "r.predict(v); times = [];\n"
        "for _ in range(300):\n    t = time.perf_counter(); r.predict(v); "
        "times.append(time.perf_counter() - t)\n"
        "print(1e3 * loaded, 1e3 * sorted(times)[150])"
    )
    runs = [
        subprocess.run(
            [sys.executable, "-c", code, weights],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        for _ in range(5)
    ]
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
    parser.add_argument(
        "--tuned",
        type=int,
        metavar="SEEDS",
        help="compare tuned with default instead, in studies of --trials trials (30)",
    )
    args = parser.parse_args()
    if args.tuned:
        print(json.dumps(tuned_truth(args.tuned, args.trials or 30), indent=1))
        return
    weights = sorted((ROOT / "data" / "weights").glob("recommender*.safetensors"))
    report = {
        "training": training(10_000, 50),
        "loading": [loading(path) for path in weights],
        "planted recall@3": planted_truth(),
    }
    if args.trials:
        report["study"] = study(args.pairs, args.trials)
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
