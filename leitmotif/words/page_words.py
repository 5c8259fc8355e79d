"""The page's words in one language, from `data/words`.

Names of dimensions come from `data.profiles`.
"""

from __future__ import annotations

from data.profiles import MUSIC_FIELDS, VIDEO_FIELDS, Field
from data.words import Sentence, languages, say, words
from leitmotif.words.sentences_zh import translated
from matcher.explain import Reason

Language = str
LANGUAGES = languages()

MEANING_ZH = {
    "character_tension": "画面中的人物显得紧张",
    "scene_tension": "场景本身令人紧张",
    "narrative_pacing": "镜头短、运动多",
    "narrative_content": "可讲述的内容多",
    "image_affinity": "人物靠近而亲切",
    "action_energy": "画面中的事物运动有力",
    "color_weight": "色彩暗而沉重",
    "color_warmth": "色彩温暖",
    "motion_amplitude": "整个画面移动幅度大，包括镜头",
    "visual_arousal": "画面令人兴奋",
    "visual_valence": "画面令人愉悦",
    "richness": "织体厚，同时发声多",
    "variation": "音乐不断变化",
    "rhythm": "节拍清晰有力",
    "warmth": "中低频饱满，起音柔和",
    "harmony": "协和，调性清晰",
    "brightness": "高频能量多",
    "melody_trend": "旋律上行（50 为平）",
    "rhythm_speed": "速度快，音头密",
    "arousal": "音乐令人兴奋",
    "valence": "音乐听来积极",
}

_FIELDS = {f.name: f for f in (*VIDEO_FIELDS, *MUSIC_FIELDS)}


class Words:
    """The page's words in one language: `words("cancel")`, `words("scene_n", n=3)`."""

    def __init__(self, language: Language) -> None:
        self.language = language

    def __call__(self, key: str, **values: object) -> str:
        return say(f"page.{key}", self.language, **values)

    def field(self, f: Field | str) -> str:
        """The name of a dimension."""
        f = _FIELDS[f] if isinstance(f, str) else f
        return f.zh if self.language == "zh" else f.label

    def meaning(self, f: Field) -> str:
        """What a high value of a dimension says."""
        return f.meaning if self.language == "en" else MEANING_ZH[f.name]

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

    def trouble(self, error: Exception | None) -> str:
        """The one sentence that an `InputError` is, with a Chinese lead where it is not known in Chinese; None is our own mistake."""
        if error is None:
            return self("our_mistake")
        said = getattr(error, "sentence", None) or str(error)
        if isinstance(said, Sentence):
            return said.into(self.language)
        return said if self.language == "en" else translated(said) or self("failed_lead") + said

    def sentence(self, english: str) -> str:
        """What a package says of a file or a result: a warning, the reason of a row left out."""
        if isinstance(english, Sentence):
            return english.into(self.language)
        return english if self.language == "en" else translated(english) or english

    def reason(self, reason: Reason) -> str:
        """Why a track matches, in one sentence."""
        return reason.into(self.language)
