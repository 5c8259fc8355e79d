"""How far what is heard can be trusted: `python -m benchmarks.ear --shared FOLDER --work FOLDER`.

Four tables, in `benchmarks/results/ear.md`: agreement with people and with a larger network, by
source; how far a field moves when the same track comes in another form; tempo; what it costs.
WORK holds the windows and opinions of `tools.ear_windows` and keeps what was measured and the
tracks in their other forms (ffmpeg makes them). Columns of earlier extractors are kept in
`ear.json` beside the table; their network was asked about sound at its own level.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from scipy.stats import rankdata

from data.folders import ROOT
from data.profiles import MUSIC_FIELDS
from features.audio import analyze
from features.audio.descriptors import Description, describe, listen
from features.audio.ear import OUTPUTS, WITNESSES
from features.audio.load import SAMPLE_RATE, load
from features.audio.profile import EXTRACTOR, score
from features.audio.tags import class_scores
from leitmotif.render import ffmpeg
from tools.ear_pieces import Measured, measured, read
from tools.fit_ear import interval, parts, standardised, way

PARTS = ("agreement", "forms", "tempo", "cost")
RESULTS = Path(__file__).parent / "results"
SAMPLE = 24
"""Shared tracks, drawn once, whose forms are compared beside the demo's 28."""
STEREO = ("inverted channel",)
FORMS = {
    "MP3 64k": ("mp3", "-c:a", "libmp3lame", "-b:a", "64k"),
    "Opus 48k": ("opus", "-c:a", "libopus", "-b:a", "48k"),
    "AAC 96k": ("m4a", "-c:a", "aac", "-b:a", "96k"),
    "WAV 44.1k": ("wav", "-ar", "44100"),
    "−20 dB": ("flac", "-af", "volume=-20dB", "-sample_fmt", "s32"),
    "mono": ("flac", "-ac", "1"),
    "inverted channel": ("flac", "-af", "aeval=val(0)|-val(1):c=same"),
}
CALM = ("calm", "sad", "lullaby", "ambient", "inn", "shrine", "temple", "hut", "night", "piano")
INTENSE = ("battle", "boss", "danger", "tense", "rush", "speed", "revenge", "hyper", "techno")
DARK = ("sad", "dungeon", "cave", "ghost", "tense", "danger", "ominous", "tension", "revenge")
BRIGHT = ("victory", "happy", "fanfare", "village", "town", "tavern", "win", "land", "sunshine")
WRITTEN, SAME = 0.02, 0.04
"""Tempos this close, as a share, agree: with what was written, with another method."""
SECONDS = 30.0


# --------------------------------------------------------------------------------------- agreement


def agreement(m: Measured, shared: Path) -> dict[str, str]:
    """Rows "output, source" with ρ or AUC, by what is shipped, heard with YAMNet."""
    x, _ = standardised(m)
    heard = {"with YAMNet": way(x, m).heard, "without": way(x[:, : len(WITNESSES)], m).heard}
    found = {}
    for output, name in enumerate(OUTPUTS):
        for part, rows in parts(m).items():
            for how, predicted in heard.items():
                cell = interval(predicted[rows, output], m.said[rows, output])
                found[f"{name}, {part} ({len(rows)}), {how}"] = cell
    unrated = m.of("unrated")
    for output, low, high in ((0, CALM, INTENSE), (1, DARK, BRIGHT)):
        is_low, is_high = (_named(m.name[unrated], words) for words in (low, high))
        chosen = is_low ^ is_high
        predicted, above = heard["with YAMNet"][unrated[chosen], output], is_high[chosen]
        key = f"{OUTPUTS[output]}, AUC by titles ({above.sum()} against {(~above).sum()})"
        found[key] = f"{_auc(predicted, above):.2f}"
    return found | _film_music(shared)


def _named(names: np.ndarray, words: tuple[str, ...]) -> np.ndarray:
    return np.array([any(w in name.split("__")[-1].lower() for w in words) for name in names])


def _auc(scores: np.ndarray, positive: np.ndarray) -> float:
    n = int(positive.sum())
    ranks = rankdata(scores)[positive].sum()
    return float((ranks - n * (n + 1) / 2) / (n * (len(scores) - n)))


def _film_music(shared: Path) -> dict[str, str]:
    """The one descriptor that librosa's statistics of rated film music give, too."""
    folder = shared / "soundtracks_eerola2011"
    rated = {row["Number"]: row for row in read(folder / "mean_ratings_set2.csv")}
    rows = [r for r in read(folder / "set2_librosa_features.csv") if r["File"][:3] in rated]
    fullness = np.array([
        float(r["MFCC1"]) / np.sqrt(128) - 20 * np.log10(float(r["RMS"])) for r in rows
    ])  # fmt: skip
    energy = np.array([float(rated[r["File"][:3]]["Energy"]) for r in rows])
    return {f"arousal, film music, fullness alone ({len(rows)})": interval(fullness, energy)}


# --------------------------------------------------------------------------------------- forms


def tracks(shared: Path) -> list[Path]:
    """The demo's tracks and a sample of the shared ones."""
    music = sorted([*shared.glob("music/*.ogg"), *shared.glob("music_more/*.ogg")])
    drawn = np.random.default_rng(5).permutation(len(music))[:SAMPLE]
    return sorted((ROOT / "demo" / "tracks").iterdir()) + [music[i] for i in sorted(drawn)]


def forms(path: Path, work: Path) -> Iterator[tuple[str, Path]]:
    """The track in every form of `FORMS` that it can have."""
    import av

    with av.open(str(path)) as container:
        channels = container.streams.audio[0].channels
    for name, (suffix, *options) in FORMS.items():
        if name in STEREO and channels != 2:
            continue
        made = work / f"{path.stem}.{name.split()[0]}.{suffix}"
        if not made.exists():
            command = [
                ffmpeg.executable(),
                "-v",
                "error",
                "-y",
                "-i",
                str(path),
                "-vn",
                *options,
                str(made),
            ]
            subprocess.run(command, check=True)
        yield name, made


def robustness(paths: list[Path], work: Path) -> dict[str, str]:
    """Rows "field, form": median, 95th percentile and largest change in per cent of the range, and
    of how many tracks it is above 5."""
    ranges = np.array([f.high - f.low for f in MUSIC_FIELDS])
    moved: dict[str, list[np.ndarray]] = {}
    for path in paths:
        plain = _values(path)
        for name, made in forms(path, work):
            moved.setdefault(name, []).append(100 * np.abs(_values(made) - plain) / ranges)
    found = {}
    for i, field in enumerate(MUSIC_FIELDS):
        for name, changes in moved.items():
            x = np.array(changes)[:, i]
            parts_ = np.median(x), np.percentile(x, 95), x.max()
            cell = " / ".join(f"{p:.1f}" for p in parts_)
            found[f"{field.name}, {name}"] = f"{cell}; {(x > 5).sum()} of {len(x)}"
    return found


def _values(path: Path) -> np.ndarray:
    """The ten features, without what else a catalogue keeps."""
    recording = load(path)
    heard = class_scores(recording.samples, recording.gain)
    return score(describe(listen(recording)), class_scores=heard).values


# --------------------------------------------------------------------------------------- tempo


def tempo(shared: Path) -> dict[str, str]:
    """How often the written tempo of the demo is heard, and how often librosa's beat tracker hears
    the same in the first 30 s of other music."""
    from librosa.beat import beat_track

    demo = [
        (_heard(ROOT / "demo" / "tracks" / f"{row['track_id']}.opus"), float(row["tempo_bpm"]))
        for row in read(ROOT / "demo" / "tracks.csv")
    ]
    first = sum(_same(heard.bpm, written, WRITTEN) for heard, written in demo)
    either = sum(_either(heard, written, WRITTEN) for heard, written in demo)
    found = {
        "demo, written tempo first (within 2 %)": f"{first} of {len(demo)}",
        "demo, at either level (within 2 %)": f"{either} of {len(demo)}",
    }
    for folder in ("music", "music_more"):
        counts = dict.fromkeys(("first level", "other level", "an octave or a third", "none"), 0)
        for path in sorted(shared.glob(f"{folder}/*.ogg")):
            recording = load(path, 0, SECONDS)
            heard = describe(listen(recording))
            if not np.isfinite(heard.bpm):
                continue
            tempo_of = beat_track(y=recording.samples, sr=SAMPLE_RATE)[0]
            second = float(np.atleast_1d(tempo_of)[0])
            related = any(_same(heard.bpm * k, second) for k in (2, 0.5, 3, 1 / 3, 1.5, 2 / 3))
            kind = (
                "first level" if _same(heard.bpm, second)
                else "other level" if _either(heard, second)
                else "an octave or a third" if related else "none"
            )  # fmt: skip
            counts[kind] += 1
        found |= {
            f"{folder}, librosa's tempo: {kind} (within 4 %)": f"{n} of {sum(counts.values())}"
            for kind, n in counts.items()
        }
    return found


def _heard(path: Path) -> Description:
    return describe(listen(load(path)))


def _same(bpm: float, other: float, share: float = SAME) -> bool:
    return abs(bpm / other - 1) < share if other > 0 else False


def _either(heard: Description, bpm: float, share: float = SAME) -> bool:
    return _same(heard.bpm, bpm, share) or _same(heard.bpm_alternative, bpm, share)


# --------------------------------------------------------------------------------------- cost


def cost(shared: Path) -> dict[str, str]:
    """CPU seconds of this process for 30 s of sound, decoded and all: median [quartiles]."""
    paths = tracks(shared)[-SAMPLE:]
    found = {}
    for name, tags in (("without YAMNet", False), ("with YAMNet", True)):
        analyze(paths[0], end=SECONDS, tags=tags)
        spent = []
        for path in paths:
            begun = time.process_time()
            duration = analyze(path, end=SECONDS, tags=tags).duration_s
            spent.append((time.process_time() - begun) * SECONDS / duration)
        low, middle, high = np.percentile(spent, [25, 50, 75])
        found[name] = f"{middle:.2f} [{low:.2f}, {high:.2f}]"
    return found


# --------------------------------------------------------------------------------------- page


def page(columns: dict[str, dict[str, dict[str, str]]]) -> str:
    """Markdown: a table for each part, a column for each extractor. columns : by extractor, part
    and row."""
    lines = ["# The ear", "", *__doc__.splitlines()[2:]]
    names = list(columns)
    for part in dict.fromkeys(part for column in columns.values() for part in column):
        lines += [
            "",
            f"## {part}",
            "",
            f"| | {' | '.join(names)} |",
            "|---" * (len(names) + 1) + "|",
        ]
        rows = dict.fromkeys(r for column in columns.values() for r in column.get(part, {}))
        lines += [
            f"| {row} | {' | '.join(columns[n].get(part, {}).get(row, '') for n in names)} |"
            for row in rows
        ]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shared", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--only", choices=PARTS, action="append")
    args = parser.parse_args()
    args.work.mkdir(parents=True, exist_ok=True)
    shared, kept = args.shared / "data", RESULTS / "ear.json"
    columns = json.loads(kept.read_text("utf-8")) if kept.is_file() else {}
    column = columns.setdefault(EXTRACTOR, {})
    only = args.only or PARTS
    if "agreement" in only:
        m = measured(shared, args.work, args.work / "measured.npz")
        column["Agreement (Spearman's ρ, 95 % bootstrap)"] = agreement(m, shared)
    if "forms" in only:
        title = "The same track in another form (% of the range: median / 95 % / most; above 5 %)"
        column[title] = robustness(tracks(shared), args.work)
    if "tempo" in only:
        column["Tempo"] = tempo(shared)
    if "cost" in only:
        column["Cost (CPU seconds for 30 s)"] = cost(shared)
    kept.write_text(json.dumps(columns, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    (RESULTS / "ear.md").write_text(page(columns), encoding="utf-8")


if __name__ == "__main__":
    main()
