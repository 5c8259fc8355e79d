"""Simulated people with hidden sliders: what is learned, and what it is worth.

    python -m benchmarks.taste CATALOGUE [--people 20]

A person has m log-normal (σ .8) and b normal (σ .6) in every dimension, asks for what a random
track of the catalogue is like (with noise), looks at a list of five from the top until they find
one (they see three to five cards) and choose among the seen by softmax over their own worth
(temperature .5). Regret is the worth of the best track of the catalogue minus that of the best of
five, over 60 further requests, lists without tries. "Not worse": people whose regret is not above
that of the fixed ranking; "at worst": the largest regret above it.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from data.catalogue import Catalogue
from leitmotif.taste.beliefs import Beliefs, Choice, Sliders, choices
from leitmotif.taste.lists import best, propose
from leitmotif.taste.offpolicy import Logged, evaluate, greedy, uniform

AFTER = (0, 10, 30, 100)


@dataclass
class Person:
    """Hidden sliders, and how they choose."""

    sliders: Sliders
    rng: np.random.Generator

    @classmethod
    def drawn(cls, seed: int) -> Person:
        rng = np.random.default_rng(seed)
        matters = np.exp(rng.normal(0, 0.8, 10))
        return cls(Sliders(matters / matters.mean(), rng.normal(0, 0.6, 10)), rng)

    def choose(self, z: np.ndarray, importance: np.ndarray) -> tuple[int, int]:
        """The place that is chosen in a list (5, 10), and how many cards were seen."""
        seen = int(self.rng.integers(3, len(z) + 1))
        worth = self.sliders.worth(z[:seen], importance) / 0.5
        chances = np.exp(worth - worth.max())
        return int(self.rng.choice(seen, p=chances / chances.sum())), seen


def regret(person: Person, beliefs: Beliefs | None, requests: list[np.ndarray]) -> float:
    """Mean over requests (N, 10); beliefs None shows five at random."""
    importance, lost = np.ones(10), []
    rng = np.random.default_rng(99)
    for z in requests:
        worth = person.sliders.worth(z, importance)
        if beliefs is None:
            rows = rng.choice(len(z), 5, replace=False)
        else:
            rows = best(beliefs, z, importance, np.zeros(len(z)), 5)
        lost.append(worth.max() - worth[rows].max())
    return float(np.mean(lost))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("catalogue", type=Path)
    parser.add_argument("--people", type=int, default=20)
    parser.add_argument("--first", type=int, default=0, metavar="SEED", help="of the first person")
    args = parser.parse_args()
    x = Catalogue.read(args.catalogue).features
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    rows: dict[int, list[tuple[float, ...]]] = {n: [] for n in AFTER}
    worths: list[tuple[float, ...]] = []
    for seed in range(args.first, args.first + args.people):
        person, rng = Person.drawn(seed), np.random.default_rng(1000 + seed)

        def request(rng: np.random.Generator = rng) -> np.ndarray:
            return x - (x[rng.integers(len(x))] + rng.normal(0, 0.3, 10))

        tests = [request() for _ in range(60)]
        fixed, random = regret(person, Beliefs.of([]), tests), regret(person, None, tests)
        known: list[Choice] = []
        tries: list[Logged] = []
        beliefs = Beliefs.of(known)
        for count in range(max(AFTER) + 1):
            if count in AFTER:
                found = beliefs.sliders
                rows[count].append((
                    regret(person, beliefs, tests), fixed, random,
                    np.corrcoef(found.matters, person.sliders.matters)[0, 1] if count else 0.0,
                    np.corrcoef(found.offset, person.sliders.offset)[0, 1] if count else 0.0,
                ))  # fmt: skip
            z, importance = request(), np.ones(10)
            shown = propose(beliefs, z, importance, rng=rng)
            of_list = z[list(shown.rows)]
            place, seen = person.choose(of_list, importance)
            known += choices(of_list, importance, [place], [], seen)
            if shown.attempt is not None and shown.attempt < seen:
                drawn = shown.candidates.index(shown.rows[shown.attempt])
                tries.append(Logged(z[list(shown.candidates)], importance, drawn,
                                    shown.probability, float(place == shown.attempt)))  # fmt: skip
            beliefs = Beliefs.of(known)
        policy = greedy(beliefs.sliders)
        for found_worth in (evaluate(tries, policy), evaluate(tries, uniform)):
            assert found_worth is not None
            worths.append((found_worth.ips, found_worth.robust, found_worth.logged))
    print(f"{args.people} people, {len(x)} tracks.\n")
    head = ["after choices", "regret learned", "fixed", "random", "not worse", "at worst"]
    head += ["r of m", "r of b"]
    print(f"| {' | '.join(head)} |")
    print("|---|---|---|---|---|---|---|---|")
    for count, found_rows in rows.items():
        a = np.array(found_rows)
        better, worst = (a[:, 0] <= a[:, 1] + 1e-12).sum(), (a[:, 0] - a[:, 1]).max()
        regrets = " | ".join(f"{v:.2f}" for v in a[:, :3].mean(axis=0))
        learned = " | ".join(f"{v:.2f}" for v in a[:, 3:].mean(axis=0))
        print(f"| {count} | {regrets} | {better} of {len(a)} | {worst:+.3f} | {learned} |")
    w = np.array(worths).reshape(args.people, 2, 3)
    print("\n| the try chosen | IPS (sd) | doubly robust (sd) |\n|---|---|---|")
    for i, name in enumerate(("as learned", "any candidate")):
        print(f"| {name} | {w[:, i, 0].mean():.3f} ({w[:, i, 0].std():.3f}) | "
              f"{w[:, i, 1].mean():.3f} ({w[:, i, 1].std():.3f}) |")  # fmt: skip
    print(f"| as logged | {w[:, 0, 2].mean():.3f} | |")


if __name__ == "__main__":
    main()
