"""The page's words in one language, all from the one file of that language in `data/words`."""

from __future__ import annotations

from collections.abc import Iterable

from data.errors import InputError
from data.profiles import Field
from data.words import DEFAULT, Sentence, languages, say, words
from matcher.explain import Reason


class Words:
    """The page's words in one language: `words("cancel")`, `words("scene_n", n=3)`."""

    def __init__(self, language: str) -> None:
        self.language = language

    @classmethod
    def of_locale(cls, locale: str | None) -> Words:
        """The words nearest to what a browser asks for (`zh-CN`), else English."""
        known = languages()
        asked = (locale or "").replace("_", "-")
        return cls(next((c for c in (asked, asked.split("-")[0]) if c in known), DEFAULT))

    @property
    def tag(self) -> str:
        """The language for a page's `lang` (BCP 47)."""
        return words(self.language)["language.tag"]

    def __call__(self, key: str, **values: object) -> str:
        return say(f"page.{key}", self.language, **values)

    def field(self, f: Field | str) -> str:
        """The name of a dimension."""
        return say(f"field.{f if isinstance(f, str) else f.name}", self.language)

    def meaning(self, f: Field) -> str:
        """What a high value of a dimension says."""
        return say(f"meaning.{f.name}", self.language)

    def joined(self, items: Iterable[str]) -> str:
        """Several things in a row, as the language writes them."""
        return words(self.language)["language.comma"].join(items)

    def stage(self, name: str) -> str:
        """A stage of the work; one that has no name here is shown as the work calls it."""
        return words(self.language).get(f"stage.{name}", name)

    @staticmethod
    def clock(seconds: float) -> str:
        """Seconds as m:ss or h:mm:ss."""
        minutes, s = divmod(round(seconds), 60)
        hours, m = divmod(minutes, 60)
        return f"{hours}:{m:02d}:{s:02d}" if hours else f"{m}:{s:02d}"

    def evidence(self, confidence: float) -> str:
        """A confidence (0–1) in words."""
        return (
            self("evidence_none")
            if confidence == 0
            else self("evidence", p=round(100 * confidence))
        )

    def off(self, d: float) -> str:
        """A difference in the catalogue's standard deviations, in words."""
        return self("off", d=f"{abs(d):.1f}", way=self("more" if d > 0 else "less"))

    def trouble(self, error: InputError | None) -> str:
        """The one sentence that an `InputError` is; None is our own mistake."""
        return self("our_mistake") if error is None else self.sentence(error.sentence)

    def sentence(self, said: str) -> str:
        """What a package says of a file or a result: a warning, the reason of a row left out."""
        return said.into(self.language) if isinstance(said, Sentence) else said

    def reason(self, reason: Reason) -> str:
        """Why a track matches, in one sentence."""
        return reason.into(self.language)
