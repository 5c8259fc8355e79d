"""A video that somebody works with: the file, the job that watches it, what was computed of it."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

from data.errors import InputError, Progress
from data.profiles import VideoProfile
from features.video import scenes
from leitmotif import pipeline
from leitmotif.sessions.child import in_child
from leitmotif.sessions.jobs import Job
from leitmotif.sessions.workspace import Kept, Workspace

if TYPE_CHECKING:
    from features.video.profile_coefficients import ProfileCoefficients
    from features.video.timeline import Timeline

T = TypeVar("T")


@dataclass
class Film:
    """A video and what is known of it."""

    kept: Kept
    job: Job[Timeline] | None = None
    known: dict[Hashable, Any] = field(default_factory=dict)
    """What was computed of it: profiles of its stretches, its scenes, previews."""

    @property
    def ready(self) -> bool:
        return self.job is not None and self.job.state == "done"

    @property
    def timeline(self) -> Timeline:
        assert self.job is not None and self.job.result is not None
        return self.job.result

    def watch(self, workspace: Workspace) -> None:
        """Begin to watch it, unless that is done or under way."""
        if self.job is None or self.job.state in ("failed", "cancelled"):
            path = self.kept.path

            def work(progress: Progress) -> Timeline:
                return in_child(pipeline.read_video, path, progress=progress)

            self.job = workspace.start(work)

    def stop(self) -> None:
        """Stop whatever is done for it, and wait until it has ended."""
        jobs = [j for j in (self.job, *self.known.values()) if isinstance(j, Job)]
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
