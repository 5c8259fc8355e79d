"""How far the descriptors explain what people rated: fits in `data/reference/music.json`.

    python -m tools.music_fits FOLDER

FOLDER holds `film_music_concepts_100`, `soundtracks_eerola2011` and `factorial_music_emotion_200`.
For the film music there are ratings and librosa statistics of the excerpts but no sound, so only
what those statistics give can be judged: `fullness` (level-free, the same number that
`descriptors` measures) and all level-free timbre statistics. Pulse, key and mode have no
counterpart there. Scores are R² from 10-fold cross-validation by excerpt, repeated 5 times, the
ridge penalty chosen inside each fold; intervals are bootstraps over excerpts.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np

from data.atomic import atomic_path
from features.audio.profile import REFERENCE

CONCEPTS = (
    "density",
    "repetitiveness",
    "pulse_clarity",
    "key_clarity",
    "harmonic_complexity",
    "articulation",
    "brightness",
    "mode",
)
MOODS = ("Valence", "Energy", "Tension")
_TIMBRE = ("fullness", "centroid", "bandwidth", "rolloff", *(f"mfcc{i}" for i in range(2, 21)))
_REPEATS, _RESAMPLES = 5, 2000


def fits(folder: Path) -> dict:
    """Every fit by name: R², its 95 % interval, excerpts, and the coefficients of `fullness`."""
    result: dict[str, dict] = {}
    concepts = _table(
        folder / "film_music_concepts_100",
        "concept_annotations.csv",
        "librosa_features.csv",
        "nro",
        lambda f: f.split(".")[0],
    )
    moods = _table(
        folder / "soundtracks_eerola2011",
        "mean_ratings_set2.csv",
        "set2_librosa_features.csv",
        "Number",
        lambda f: f[:3],
    )
    for rows, names in ((concepts, CONCEPTS), (moods, MOODS)):
        timbre = np.array([_statistics(row) for row in rows])
        for name in names:
            rated = np.array([float(row[name]) for row in rows])
            slope, intercept = np.polyfit(timbre[:, 0], rated, 1)
            line = {"slope": round(float(slope), 5), "intercept": round(float(intercept), 4)}
            result[name.lower()] = {
                "from_fullness": score(timbre[:, :1], rated) | line,
                "from_timbre": score(timbre, rated),
            }
    return result | _factorial(folder / "factorial_music_emotion_200")


def score(x: np.ndarray, y: np.ndarray) -> dict:
    """Cross-validated R² of a ridge regression, predictions pooled, with a bootstrap interval."""
    from sklearn.linear_model import RidgeCV
    from sklearn.model_selection import KFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(StandardScaler(), RidgeCV(np.logspace(-1, 4, 21)))
    folds = (KFold(10, shuffle=True, random_state=seed) for seed in range(_REPEATS))
    predicted = np.array([cross_val_predict(model, x, y, cv=fold) for fold in folds])
    error, deviation = ((predicted - y) ** 2).mean(axis=0), (y - y.mean()) ** 2
    drawn = np.random.default_rng(0).integers(0, len(y), (_RESAMPLES, len(y)))
    resampled = 1 - error[drawn].sum(axis=1) / np.array(
        [((y[d] - y[d].mean()) ** 2).sum() for d in drawn]
    )
    low, high = np.percentile(resampled, [2.5, 97.5])
    return {
        "r2": round(float(1 - error.sum() / deviation.sum()), 3),
        "interval": [round(float(low), 3), round(float(high), 3)],
        "excerpts": len(y),
    }


def _factorial(folder: Path) -> dict:
    """Standardised effects of what was set on arousal and valence, sums of four ratings."""
    from sklearn.linear_model import LinearRegression

    rows = _read(folder / "mean_emotion_ratings.csv")
    design = {
        row["Nro"]: {k: int(v) for k, v in row.items()}
        for row in _read(folder / "design_matrix.csv")
    }
    pitch, notes_per_s = (53, 59, 65, 71, 77, 83), (1.2, 2.0, 2.8, 4.4, 6.0)
    set_to = [design[row["Nro"]] for row in rows]
    names = ("register", "mode", "log_notes_per_s", "loudness", "staccato")
    x = np.array([
        [pitch[d["Register"] - 1], 1.5 - d["Mode"], np.log2(notes_per_s[d["Tempo"] - 1])]
        + [d["Soundlevel"], d["Articulation"]]
        + [d["Timbre"] == t for t in (2, 3)] + [d["Melody"] == m for m in (2, 3, 4)]
        for d in set_to
    ], dtype=float)  # fmt: skip
    scary, happy, sad, peaceful = (
        np.array([float(row[n]) for row in rows]) for n in ("Scary", "Happy", "Sad", "Peaceful")
    )
    result = {}
    for name, y in (
        ("factorial_arousal", happy + scary - sad - peaceful),
        ("factorial_valence", happy + peaceful - scary - sad),
    ):
        effects = LinearRegression().fit(x / x.std(axis=0), y / y.std()).coef_[: len(names)]
        result[name] = score(x, y) | {
            "effects": dict(zip(names, np.round(effects, 3).tolist(), strict=True))
        }
    return result


def _statistics(row: dict[str, str]) -> list[float]:
    """`_TIMBRE` of one excerpt.

    The first MFCC is the mean mel level in dB times √128; less the RMS level it is `fullness`.
    """
    fullness = float(row["MFCC1"]) / np.sqrt(128) - 20 * np.log10(float(row["RMS"]))
    spectral = [np.log(float(row[n])) for n in ("sp_centr", "spec_bw", "spec_rolloff")]
    return [fullness, *spectral, *(float(row[f"MFCC{i}"]) for i in range(2, 21))]


def _table(
    folder: Path, ratings: str, features: str, key: str, key_of_file: Callable[[str], str]
) -> list[dict[str, str]]:
    by_key = {key_of_file(row["File"]): row for row in _read(folder / features)}
    return [by_key[row[key]] | row for row in _read(folder / ratings) if row[key] in by_key]


def _read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    args = parser.parse_args()
    reference = json.loads(REFERENCE.read_text(encoding="utf-8"))
    reference["fits"] = fits(args.folder)
    with atomic_path(REFERENCE) as temporary:
        temporary.write_text(json.dumps(reference, indent=1) + "\n", encoding="utf-8")
    for name, fit in reference["fits"].items():
        print(name, fit)


if __name__ == "__main__":
    main()
