"""A video that somebody works with: the file, the job that watches it, what was computed of it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from data.errors import InputError, Progress
from data.profiles import VideoProfile
from features.video import scenes
from leitmotif import pipeline
from leitmotif.sessions.jobs import Job
from leitmotif.sessions.workspace import Kept, Workspace
from leitmotif.workers.alone import in_child

if TYPE_CHECKING:
    from features.video.profile_coefficients import ProfileCoefficients
    from features.video.timeline import Timeline

T = TypeVar("T")
FIRST_LOOKS = threading.BoundedSemaphore(1)
"""A quick look waits for another one, and for no full look."""


@dataclass
class Film:
    """A video and what is known of it: at first what a quick look saw, then what a full one did."""

    kept: Kept
    job: Job[Timeline] | None = None
    """The full look."""
    glance: Job[Timeline | None] | None = None
    """The quick look; it gives None where a full look is as quick."""
    known: dict[Hashable, Any] = field(default_factory=dict)
    """What was computed of it: profiles of its stretches, its scenes, previews."""
    _shown: Timeline | None = None

    @property
    def ready(self) -> bool:
        """Whether there is something to show."""
        return self._shown is not None or bool(self._seen())

    @property
    def timeline(self) -> Timeline:
        """What was seen, from the first look on until `refine` puts the full one in its place."""
        if self._shown is None:
            self._shown = self._seen()
        assert self._shown is not None
        return self._shown

    @property
    def first_look(self) -> bool:
        """Whether what is shown is what the quick look saw."""
        return self.ready and self.timeline is not self._full()

    def refine(self) -> bool:
        """Show what the full look saw, if it has ended; whether that is news.

        Everything that was computed of the first look is forgotten, but for the work that goes on.
        """
        full = self._full()
        if full is None or self._shown is full:
            return False
        news = self._shown is not None
        self._shown = full
        self.known = {what: found for what, found in self.known.items() if isinstance(found, Job)}
        return news

    def watch(self, workspace: Workspace) -> None:
        """Begin to watch it, unless that is done or under way."""
        if self.job is not None and self.job.state not in ("failed", "cancelled"):
            return
        path, known = self.kept.path, _known(self.kept)
        if known is not None:
            self.job = Job.done(known)
            return
        glance = self.glance
        if glance is None or glance.state != "done":
            glance = self.glance = workspace.start(partial(_glance, path), FIRST_LOOKS)

        def work(progress: Progress) -> Timeline:
            while not glance.wait(0.1):  # the first answer has the machine to itself
                progress(*glance.stage)
            return in_child(pipeline.read_video, path, progress=progress)

        self.job = workspace.start(work)

    def _full(self) -> Timeline | None:
        return self.job.result if self.job is not None and self.job.state == "done" else None

    def _seen(self) -> Timeline | None:
        glance = self.glance
        first = glance.result if glance is not None and glance.state == "done" else None
        return self._full() or first

    def leave(self) -> None:
        """Look no further; what was seen stays."""
        for job in (self.glance, self.job):
            if job is not None:
                job.cancel()

    def stop(self) -> None:
        """Stop whatever is done for it, and wait until it has ended."""
        jobs = [j for j in (self.job, self.glance, *self.known.values()) if isinstance(j, Job)]
        for job in jobs:
            job.cancel()
        for job in jobs:
            job.wait(5)

    def once(self, what: Hashable, compute: Callable[[], T]) -> T:
        """Computed at the first asking, remembered as long as the film."""
        if what not in self.known:
            self.known[what] = compute()
        return self.known[what]

    def scenes(self) -> list[tuple[float, float]]:
        """(start, end) of its scenes in seconds, without gaps."""
        return self.once("scenes", lambda: scenes(self.timeline))

    def profile(
        self, start: float, end: float | None, learned: ProfileCoefficients | None
    ) -> VideoProfile:
        """The profile of a stretch, as the ratings in use bend it.

        Where they cannot judge this video the closed form stands, with the reason as a warning.
        """
        return self.once((start, end), lambda: self._profile(start, end, learned))

    def _profile(
        self, start: float, end: float | None, learned: ProfileCoefficients | None
    ) -> VideoProfile:
        try:
            return pipeline.score(self.timeline, start, end, learned)
        except InputError as error:
            profile = pipeline.score(self.timeline, start, end)
            return replace(profile, warnings=(*profile.warnings, error.sentence))


def _known(kept: Kept) -> Timeline | None:
    """What is known of a file; None also where it cannot be read, which its job will say."""
    try:
        return pipeline.known_video(kept.path, kept.key)
    except InputError:
        return None


def _glance(path: Path, progress: Progress) -> Timeline | None:
    """A quick look at a file; None where it cannot be had: the full look says why."""
    try:
        return in_child(pipeline.glance, path, progress=progress)
    except InputError:
        return None
