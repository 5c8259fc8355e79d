"""The score of a film while somebody works on it: operations, undo, and the work behind them.

An operation is what a person does in the page, as plain values (`{"do": "move", "cue": "1m02",
"start": 240, "end": 480}`). It changes the score at once; what follows from it (fitting tracks,
sounds to listen to) is made in a process beside the page and taken up when it is there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from data.atomic import atomic_path
from data.errors import InputError, Progress
from data.words import Sentence
from leitmotif.catalogue.library import Library
from leitmotif.score import compose
from leitmotif.score.ducking import measure, report
from leitmotif.score.kept import kept_sound
from leitmotif.score.model import DUCKINGS, Cue, Ducking, Score
from leitmotif.score.render import STEMS, render_film, write_stem
from leitmotif.score.sound import SAMPLE_RATE, Tracks, file_powers, with_gains
from leitmotif.score.timecode import FrameRate
from leitmotif.score.views import waveform
from leitmotif.sessions.desk import Desk
from leitmotif.sessions.films import Film
from leitmotif.sessions.history import History
from leitmotif.sessions.jobs import Job
from leitmotif.workers.alone import in_child

FULL_RMS = 0.35
"""What fills the height of a waveform: −9 dB below full scale (heuristic)."""

OPERATIONS: Mapping[str, Callable[[Score, Mapping[str, Any]], Score]] = {
    "move": lambda score, a: score.move(a["cue"], int(a["start"]), int(a["end"])),
    "split": lambda score, a: score.split(a["cue"], int(a["at"])),
    "join": lambda score, a: score.join(a["cue"], a["other"]),
    "mute": lambda score, a: score.mute(a["cue"], bool(a["on"])),
    "lock": lambda score, a: score.lock(a["cue"], bool(a["on"])),
    "take": lambda score, a: score.take(a["cue"], a["track"]),
    "stretch": lambda score, a: score.stretch(a["cue"], bool(a["on"])),
    "hit": lambda score, a: score.hit(a["cue"], [int(frame) for frame in a["frames"]]),
}
"""What a person can do to a score, by the name that the page has for it."""


@dataclass(frozen=True)
class Heard:
    """A cue's sound as a file, and how loud it is along the cue (uint8, `views.PER_SECOND`)."""

    sound: Path
    levels: bytes


@dataclass
class Scoring:
    """One film's score on a desk.

    score : as it is now; None before it was planned. said : why the last operation was refused.
    compared : number of a cue and id of the track that it is compared with.
    """

    film: Film
    desk: Desk
    score: Score | None = None
    said: InputError | None = None
    compared: tuple[str, str] | None = None
    plan: Job[Score] | None = None
    """The planning of the whole film, while it goes on or has failed."""
    work: Job[Any] | None = None
    """What is being made for the score as it is: fits, then sounds."""
    _fitted: dict[tuple[Any, ...], Cue] = field(default_factory=dict)
    _silent: dict[str, InputError] = field(default_factory=dict)
    """Cues, as names of their files, of which no sound can be made."""

    _kept: dict[str, Any] | None = None
    """The score as the desk had it when we looked last."""

    def __post_init__(self) -> None:
        desk = self.desk
        self._history = History(desk.projects.database, desk.project.id, self.film.kept.key)
        self._follow()

    def _follow(self) -> None:
        """Take over what somebody else wrote to the desk: another process, or files found again."""
        kept = self.desk.scores.get(self.film.kept.key)
        if kept is None or kept == self._kept:
            return
        self._kept = kept
        try:
            score = Score.from_dict(kept)
        except InputError as error:
            self.said = error
            return
        if self.score is not None:
            self._history.left(self.score)
        self.score = score

    # ------------------------------------------------------------------ operations

    def act(self, operations: Iterable[Mapping[str, Any]]) -> None:
        """Do what a person asked for, in order, up to the first that cannot be done."""
        self.said = None
        for operation in operations:
            try:
                self._do(operation)
            except InputError as error:
                self.said = error
                return
            except (KeyError, TypeError, ValueError):
                return  # of a page that this server did not draw

    def _do(self, operation: Mapping[str, Any]) -> None:
        name = operation["do"]
        if name == "undo":
            self._turn(back=True)
        elif name == "redo":
            self._turn(back=False)
        elif name == "compare":
            track = str(operation["track"])
            self.compared = (str(operation["cue"]), track) if track else None
        elif self.score is not None:
            self.change(OPERATIONS[name](self.score, operation))

    def change(self, score: Score) -> None:
        """Put another score in the place of this one; it can be undone."""
        if self.score is not None:
            self._history.left(self.score)
        self._set(score)

    def duck(self, name: str) -> None:
        """Another of the presets of `DUCKINGS`; every cue's gains are made again."""
        if self.score is not None and DUCKINGS[name] != self.score.ducking:
            cues = tuple(replace(cue, pieces=(), gain=()) for cue in self.score.cues)
            self.change(replace(self.score, ducking=DUCKINGS[name], cues=cues))
            self.look()

    def _turn(self, back: bool) -> None:
        if self.score is not None:
            found = self._history.turn(self.score, back)
            if found is not None:
                self._set(found)

    def _set(self, score: Score) -> None:
        self.score = self._with_fits(score)
        self._kept = self.score.to_dict()
        self.desk.keep_score(self.film.kept.key, self._kept)

    @property
    def steps(self) -> tuple[int, int]:
        """How many operations can be undone and done again."""
        return self._history.counts

    # ------------------------------------------------------------------ work

    def begin(self, library: Library, shortest: float, reprise: bool) -> None:
        """Plan the film; what a person has locked stays as it is."""
        video, before = self.film.kept.path, self.score
        # Without what it computed of itself: that is made again sooner than it is sent.
        plain = Library(library.catalogue, library.folder, library.curves)

        def work(progress: Progress) -> Score:
            return in_child(
                compose.score,
                video,
                plain,
                before=before,
                shortest=shortest,
                reprise=reprise,
                progress=progress,
            )

        if self.plan is None or self.plan.ended:
            self.plan = self.film.known["score plan"] = self.desk.workspace.start(work)

    def look(self) -> None:
        """Take up what has been made meanwhile, and begin what is to be made next."""
        self._follow()
        if self.plan is not None and self.plan.state == "done":
            planned, self.plan = self.plan.result, None
            if planned is not None:
                self._learn(planned.cues, planned.ducking)
                self.change(planned)
        if self.work is not None and self.work.ended:
            if isinstance(self.work.result, Fits):
                self._learn(*self.work.result.made)
                self._silent.update(self.work.result.troubles)
                if self.score is not None:
                    self._set(self.score)
            elif self.work.state == "failed":
                wanted = self._wanted()
                died = {self._name(c): InputError("session.died", file=c.title) for c in wanted}
                self._silent |= died
            self.work = None
        if self.work is None and (self.plan is None or self.plan.ended):
            self._begin_next()

    def _begin_next(self) -> None:
        wanted = self._wanted()
        if not wanted or self.score is None:
            return
        score, folder = self.score, self.desk.workspace.folder

        def work(progress: Progress) -> Fits:
            return in_child(prepare, score, wanted, folder, progress=progress)

        self.work = self.desk.workspace.start(work)

    def _wanted(self) -> list[Cue]:
        """Cues that have no pieces or no sound yet, the one that is compared first."""
        if self.score is None:
            return []
        cues = [*filter(None, [self.other()]), *self.score.cues]
        return [
            cue
            for cue in cues
            if cue.track and not cue.muted and not self.trouble(cue) and not self.heard(cue)
        ]

    def _learn(self, cues: Iterable[Cue], ducking: Ducking) -> None:
        self._fitted |= {_key(cue, ducking): cue for cue in cues if cue.pieces}

    def _with_fits(self, score: Score) -> Score:
        return replace(score, cues=tuple(self._with_fit(c, score.ducking) for c in score.cues))

    def _with_fit(self, cue: Cue, ducking: Ducking) -> Cue:
        """A cue with the pieces that were found for it, if they were."""
        found = self._fitted.get(_key(cue, ducking))
        if found is None or cue.pieces:
            return cue
        return replace(cue, pieces=found.pieces, gain=found.gain, hits=found.hits, note=found.note)

    def _name(self, cue: Cue) -> str:
        assert self.score is not None
        return sound_name(cue, self.score.film.rate)

    # ------------------------------------------------------------------ looking

    @property
    def pending(self) -> bool:
        """Whether something is being made, or was made and waits for the next `look`."""
        planning = self.plan is not None and self.plan.state in ("waiting", "running", "done")
        return planning or self.work is not None

    @property
    def settled(self) -> bool:
        """Whether every cue that should sound has its pieces: then the score can leave."""
        return self.score is not None and all(
            cue.pieces or cue.muted or cue.track is None or self.trouble(cue) is not None
            for cue in self.score.cues
        )

    @property
    def outward(self) -> Score | None:
        """The score for other programs: they look for an uploaded film by its own name."""
        kept = self.film.kept
        uploaded = kept.path.parent == self.desk.folder
        return self.score.named(kept.name) if self.score and uploaded else self.score

    def gone(self, cue: Cue) -> bool:
        return cue.track is not None and not Path(cue.track.path).is_file()

    def trouble(self, cue: Cue) -> InputError | None:
        """Why a cue cannot be heard, if it cannot."""
        if cue.track is not None and self.gone(cue):
            return InputError("score.track_gone", track=cue.title, file=cue.track.path)
        return self._silent.get(self._name(cue)) if cue.track else None

    def other(self) -> Cue | None:
        """The compared cue with the other track, fitted where that is done."""
        if self.score is None or self.compared is None:
            return None
        with suppress(InputError):
            number, track = self.compared
            if not self.score.cue(number).muted:
                other = self.score.take(number, track).cue(number)
                return self._with_fit(other, self.score.ducking)
        return None

    def heard(self, cue: Cue) -> Heard | None:
        """A cue's sound, where it has been made."""
        if not cue.pieces:
            return None
        sound = self.desk.workspace.folder / f"{self._name(cue)}.flac"
        levels = sound.with_suffix(".levels")
        return Heard(sound, levels.read_bytes()) if levels.is_file() else None


@dataclass(frozen=True)
class Fits:
    """made : cues with their pieces, under the ducking they were made for.

    troubles : by name of a cue's files, why it has none.
    """

    made: tuple[tuple[Cue, ...], Ducking]
    troubles: Mapping[str, InputError]


def prepare(score: Score, cues: Iterable[Cue], folder: Path, *, progress: Progress) -> Fits:
    """Fit cues to their length, duck them, and write the sound of each into `folder`.

    A cue whose track cannot be used is left as it is, and said.
    """
    rate, cues = score.film.rate, list(cues)
    done: list[Cue] = []
    total = float(rate.seconds(sum(cue.frames for cue in cues)))
    troubles: dict[str, InputError] = {}
    with Tracks() as tracks:
        for cue in cues:
            progress("score", float(rate.seconds(sum(c.frames for c in done))), total)
            try:
                fitted = compose.complete(replace(score, cues=(cue,))).cues[0]
                if fitted.pieces:
                    _write_sound(fitted, rate, tracks, folder)
            except InputError as error:
                troubles[sound_name(cue, rate)] = error
                fitted = cue
            done.append(fitted)
    return Fits((tuple(done), score.ducking), troubles)


def _write_sound(cue: Cue, rate: FrameRate, tracks: Tracks, folder: Path) -> None:
    sound = folder / f"{sound_name(cue, rate)}.flac"
    heard = with_gains(cue, rate, kept_sound(cue, rate, tracks))
    with atomic_path(sound) as temporary:
        soundfile.write(temporary, heard, SAMPLE_RATE, format="FLAC")
    levels = np.sqrt(np.clip(waveform(cue, rate) / FULL_RMS, 0, 1))  # quiet music shows, too
    with atomic_path(sound.with_suffix(".levels")) as temporary:
        temporary.write_bytes((255 * levels).astype(np.uint8).tobytes())


def sound_name(cue: Cue, rate: FrameRate) -> str:
    """The name of a cue's files: another one for whatever sounds differently."""
    start = rate.seconds(cue.start)
    pieces = [
        (p.track_in, p.track_out, p.film_in - start, p.fade_in, p.fade_out, p.speed)
        for p in cue.pieces
    ]
    gain = [(frame - cue.start, level) for frame, level in cue.gain]
    what = (cue.track and cue.track.path, cue.frames, rate.fps, cue.start if not pieces else 0)
    said = repr((what, pieces, gain))
    return f"cue-{hashlib.sha256(said.encode()).hexdigest()[:32]}"


def _key(cue: Cue, ducking: Ducking) -> tuple[Any, ...]:
    """What the fit of a cue follows from."""
    hits = tuple(hit.frame for hit in cue.hits)
    path = cue.track and (cue.track.path, cue.track.beats)
    return cue.start, cue.end, path, cue.in_point, hits, cue.stretch, ducking


# ------------------------------------------------------------------------------ the film


@dataclass(frozen=True)
class Rendered:
    """The film with its score. stems : by name. said : what a person should know of it.

    met, passages : passages of speech under which the music lies as asked, and all of them.
    """

    film: Path
    stems: Mapping[str, Path]
    said: tuple[Sentence, ...]
    met: int = 0
    passages: int = 0


def stem_paths(output: Path) -> dict[str, Path]:
    """Where the stems of a rendered film lie, by name."""
    return {stem: output.with_name(f"{output.stem}-{stem}.wav") for stem in STEMS}


def render(
    score: Score,
    output: Path,
    *,
    film_sound: Any,
    target_lufs: float,
    stems: bool,
    progress: Progress,
) -> Rendered:
    """Write the film with its score, its stems if they are wanted, and look at the ducking.

    film_sound : see `leitmotif.score.render.FilmSound`. Raises `InputError` where a file is gone.
    """
    said: list[Sentence] = []
    options = {"film_sound": film_sound, "target_lufs": target_lufs}
    film = render_film(score, output, **options, progress=progress, tell=said.append)
    paths = stem_paths(output) if stems else {}
    for stem, path in paths.items():
        write_stem(score, stem, path, progress)
    if film_sound != "mix" or not score.speech:
        return Rendered(film, paths, tuple(said))
    bed = stem_paths(output)["ducked"]
    if not stems:
        write_stem(score, "ducked", bed, progress)
    own = compose.own_sound(score.film.path, progress)
    found = measure(score, own, file_powers(bed))
    if not stems:
        bed.unlink()
    missed = sum(passage.missed for passage in found)
    return Rendered(film, paths, (*said, *report(score, found)), len(found) - missed, len(found))
