"""How well speech is found in the labelled clips: `python -m benchmarks.speech FOLDER…`.

Precision and recall by tenths of a second against `speech_labels.toml`, which says how it was made;
beside them YAMNet's own speech classes, by windows of 0.975 s of which more or less than half is
labelled, and Silero's verdict on the same windows.
"""

from __future__ import annotations

import argparse
import tomllib
from pathlib import Path

import numpy as np

from features.audio import tags
from features.audio.load import SAMPLE_RATE, load
from features.audio.soundtrack import hear

LABELS = Path(__file__).with_name("speech_labels.toml")
STEP_S = 0.1
_WINDOW_S = 0.975
_SPOKEN = 0.5


def steps(stretches: list[list[float]] | list[tuple[float, float]], duration: float) -> np.ndarray:
    """Whether somebody speaks in each tenth of a second, boolean (n,)."""
    times = (np.arange(int(duration / STEP_S)) + 0.5) * STEP_S
    inside = [(times >= start) & (times < end) for start, end in stretches]
    return np.any(inside, axis=0) if inside else np.zeros(len(times), bool)


def windows(path: Path, found: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """(n, 3) boolean: labelled, Silero, YAMNet, for each of YAMNet's windows."""
    recording = load(path)
    scores = tags.class_scores(recording.samples, recording.gain)
    if scores is None:
        return np.zeros((0, 3), bool)
    last = max(len(recording.samples) / SAMPLE_RATE - _WINDOW_S, 0.0)
    rows = []
    for start, score in zip(np.linspace(0, last, len(scores)), scores, strict=True):
        part = slice(round(start / STEP_S), round((start + _WINDOW_S) / STEP_S))
        said = bool(score[:6].max() >= _SPOKEN)
        rows.append((truth[part].mean() > 0.5, found[part].mean() > 0.5, said))
    return np.array(rows, bool)


def shares(truth: np.ndarray, found: np.ndarray) -> str:
    hit = int((truth & found).sum())
    precision = f"{hit / found.sum():.3f}" if found.any() else "-"
    recall = f"{hit / truth.sum():.3f}" if truth.any() else "-"
    return f"{precision} | {recall}"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speech", description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    args = parser.parse_args()
    labels = tomllib.loads(LABELS.read_text(encoding="utf-8"))
    clips = {f.stem: f for folder in args.folders for f in sorted(folder.iterdir())}
    all_truth, all_found, all_windows = [], [], []
    print("| clip | speech, s | found, s | precision | recall |\n|---|---|---|---|---|")
    for name, stretches in labels.items():
        heard = hear(clips[name])
        truth = steps(stretches, heard.duration_s)
        found = steps(list(heard.speech), heard.duration_s)
        seconds = f"{truth.sum() * STEP_S:.1f} | {found.sum() * STEP_S:.1f}"
        print(f"| {name.rsplit('_', 1)[0]} | {seconds} | {shares(truth, found)} |")
        all_truth.append(truth)
        all_found.append(found)
        all_windows.append(windows(clips[name], found, truth))
    truth, found = np.concatenate(all_truth), np.concatenate(all_found)
    seconds = f"{truth.sum() * STEP_S:.1f} | {found.sum() * STEP_S:.1f}"
    print(f"| **all {len(labels)}** | {seconds} | {shares(truth, found)} |")
    by_window = np.concatenate(all_windows)
    for column, name in ((1, "Silero VAD"), (2, "YAMNet's speech classes")):
        print(f"\n{len(by_window)} windows, {name}: precision | recall "
              f"{shares(by_window[:, 0], by_window[:, column])}")  # fmt: skip


if __name__ == "__main__":
    main()
