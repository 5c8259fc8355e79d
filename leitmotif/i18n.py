"""Every word of the page, in English and Chinese side by side.

Names of dimensions come from `data.profiles`, which has both. Sentences about a person's file come
from the packages that read it, in English; `leitmotif.sentences_zh` has them in Chinese.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from data.profiles import MUSIC_FIELDS, VIDEO_FIELDS, Field
from leitmotif.sentences_zh import translated

Language = Literal["en", "zh"]
LANGUAGES: dict[Language, str] = {"en": "English", "zh": "中文"}

TEXT: dict[str, tuple[str, str]] = {
    # The page
    "tagline": ("Music for moving pictures", "为画面找到音乐"),
    "language": ("Language", "语言"),
    "empty_title": ("Drop a video in and hear which of your tracks fit it.", "放入一段视频，听听你的哪些曲目与它相配。"),
    "empty_how": (
        "It watches the picture once, says in eleven numbers what it saw, and finds the tracks of your catalogue that lie nearest.",
        "它把画面看一遍，用十一个数字说出所见，再从你的曲库中找出最接近的曲目。",
    ),
    "failed_lead": ("", "文件有问题："),
    "our_mistake": (
        "Something went wrong on our side, and nothing of yours is lost; try again, or look at the server's messages.",
        "程序出了错，你的文件没有受损；请再试一次，或查看服务器的消息。",
    ),
    # Video
    "video": ("Video", "视频"),
    "upload_video": ("Upload a video", "上传视频"),
    "upload_help": (
        "{kinds}; at most {mb} MB (LEITMOTIF_MAX_UPLOAD_MB changes that).",
        "{kinds}；最大 {mb} MB（可用 LEITMOTIF_MAX_UPLOAD_MB 修改）。",
    ),
    "keeping": ("Taking {name} in", "正在接收 {name}"),
    "sample": ("Take the sample film", "使用示例影片"),
    "by_path": ("Path on this machine", "本机上的路径"),
    "by_path_help": ("Nothing is copied; best for long films.", "不会复制文件；适合长片。"),
    "your_videos": ("Videos of this session", "本次会话的视频"),
    "add_video": ("Add a video", "添加视频"),
    "remove": ("Remove this video", "移除此视频"),
    "queued": ("Waiting for another film to be finished", "等待其他影片处理完"),
    "n_shots": ("{n} shots", "{n} 个镜头"),
    "watching": ("Watching {name}", "正在观看 {name}"),
    "of_time": ("{done} of {total}", "{done} / {total}"),
    "cancel": ("Cancel", "取消"),
    "cancelled": ("Stopped; nothing half-written is left.", "已停止，没有留下任何半成品。"),
    "again": ("Try again", "再试一次"),
    # What it saw
    "saw": ("What it saw", "所见画面"),
    "saw_how": (
        "Eleven numbers, each measured against a reference collection of clips; the pips tell how much evidence stood behind it.",
        "十一个数字，均以一批参考片段为尺度；右侧小格表示依据的多少。",
    ),
    "evidence_none": ("no evidence: neutral value", "没有依据：取中性值"),
    "evidence": ("{p} % sure", "把握 {p} %"),
    "over_time": ("Over time", "随时间变化"),
    "over_time_how": (
        "Hover to read, click a scene to match for it alone. Ticks under the pictures are cuts.",
        "悬停读数，点击某一场景即只为它配乐。画面下方的短线是剪切点。",
    ),
    "film_alt": (
        "Keyframes, {cuts} cuts and the curves of tension, pacing, arousal and valence over {length}.",
        "{length} 内的关键帧、{cuts} 个剪切点，以及张力、节奏、唤醒度和效价曲线。",
    ),
    "scene": ("Scene", "场景"),
    "whole": ("Whole video", "整段视频"),
    "scene_n": ("Scene {n}", "场景 {n}"),
    "time": ("Time", "时间"),
    "no_player": (
        "Browsers cannot play this file here; the analysis is complete all the same.",
        "浏览器无法在此播放该文件，但分析是完整的。",
    ),
    "film_player": ("The video {name}", "视频 {name}"),
    # What it wants to hear
    "wants": ("What it wants to hear", "想听到的音乐"),
    "wants_how": ("Predicted from the picture. Drag any of the ten, and the list follows.", "由画面预测。拖动任意一项，列表随之改变。"),
    "predicted_by": ("Predicted by: {what}", "预测方法：{what}"),
    "silent": ("The picture says nothing of {names}: it counts only once you move it.", "画面没有提供{names}的依据：拖动后才会计入。"),
    "reset": ("Back to the prediction", "恢复预测值"),
    "edited": ("You changed {names}.", "你修改了{names}。"),
    # Weights
    "matters": ("Weights", "权重"),
    "preset": ("What matters", "看重什么"),
    "reliability": ("Reliability", "按可靠度"),
    "equal": ("Equal", "相等"),
    "va_only": ("VA only", "只看唤醒与效价"),
    "rhythm_first": ("Rhythm first", "节奏优先"),
    "default_reliability": (
        "Default weights follow how well each dimension was predicted on held-out films.",
        "默认权重取自各维度在留出影片上的预测准确度。",
    ),
    "default_equal": (
        "Default weights are equal: this predictor has no measured reliability per dimension.",
        "默认权重相等：该预测器没有逐维的可靠度数据。",
    ),
    "metric": ("Distance", "距离"),
    "euclidean": ("Euclidean", "欧氏"),
    "cosine": ("Cosine", "余弦"),
    "metric_help": ("Euclidean: how far apart. Cosine: whether they lean the same way.", "欧氏：相差多远。余弦：方向是否一致。"),
    "scale": ("Scale", "尺度"),
    "standard": ("Standard", "标准化"),
    "raw": ("Raw", "原始"),
    "scale_help": (
        "Standard divides each dimension by its spread in the catalogue, so that a weight means importance; raw does not.",
        "标准化会除以各维度在曲库中的离散程度，使权重代表重要性；原始则直接使用数字。",
    ),
    "how_many": ("How many tracks", "曲目数量"),
    "diversity": ("Diversity", "多样性"),
    "diversity_help": (
        "0: the nearest tracks. Higher: near ones that are unlike each other.",
        "0：最接近的曲目。越高：相近但彼此不同的曲目。",
    ),
    # Filters
    "filters": ("Filters", "筛选"),
    "words": ("Words in title or artist", "标题或艺术家中的词"),
    "licence": ("Licence", "许可"),
    "no_licence": ("not stated", "未注明"),
    "any": ("Any", "不限"),
    "tempo": ("Tempo (BPM)", "速度 (BPM)"),
    "length": ("Length (s)", "时长（秒）"),
    "none_left": ("No track passes these filters; loosen one.", "没有曲目符合这些条件，请放宽其中一项。"),
    "left_of": ("{n} of {total} tracks pass.", "{total} 首中有 {n} 首符合。"),
    # Tracks
    "tracks": ("The tracks", "曲目"),
    "track": ("Track", "曲目"),
    "artist": ("Artist", "艺术家"),
    "distance": ("distance {d}", "距离 {d}"),
    "reasons_how": (
        "Bars: how far a track is from what was asked, in steps of the catalogue's spread; left is less, right is more.",
        "条形：曲目与要求相差多少（以曲库的离散程度为单位）；向左为少，向右为多。",
    ),
    "off": ("{d} spreads {way} than asked", "比要求{way} {d} 个离散单位"),
    "more": ("more", "多"),
    "less": ("less", "少"),
    "player": ("Player of {name}", "{name} 的播放器"),
    "outline": ("Loudness of {name} over its length", "{name} 的响度轮廓"),
    "outline_arousal": ("Loudness of {name} over its length, and its arousal as a line", "{name} 的响度轮廓与唤醒度曲线"),
    "no_sound": ("Its sound file is not on this machine, so it cannot be played here.", "本机没有它的声音文件，无法在此播放。"),
    "unreadable_sound": ("Its sound file cannot be read.", "它的声音文件无法读取。"),
    # Preview
    "hear": ("Hear it with the picture", "配上画面试听"),
    "own_sound": ("Sound of the video", "视频原声"),
    "mute": ("Muted", "静音"),
    "duck": ("Ducked", "压低"),
    "own_sound_help": (
        "For listening with the picture: leave the film's own sound out, or keep it well below the track.",
        "配画面试听时：去掉原声，或把它压到音乐之下。",
    ),
    "rendering": ("Laying {name} under the picture", "正在把 {name} 配到画面下"),
    "preview_of": ("The video with {name} under it", "配上 {name} 的视频"),
    "download_preview": ("Download this video", "下载此视频"),
    "not_playable": ("This kind of file does not play in browsers; download it.", "浏览器无法播放这种文件，请下载。"),
    # Catalogue
    "catalogue": ("Catalogue", "曲库"),
    "for_video": ("Music for this video", "为视频配乐"),
    "the_catalogue": ("The catalogue", "曲库"),
    "demo_catalogue": ("Demo tracks", "示例曲目"),
    "uploaded": ("{name} (uploaded)", "{name}（上传）"),
    "own_catalogue": ("Another catalogue", "换一个曲库"),
    "upload_catalogue": ("Upload a catalogue", "上传曲库"),
    "upload_catalogue_help": ("CSV or Parquet with the ten music columns.", "含十个音乐列的 CSV 或 Parquet。"),
    "catalogue_path": ("Path of a catalogue on this machine", "本机上的曲库路径"),
    "build_from": ("Build one from a folder of music", "由音乐文件夹建立曲库"),
    "build_folder": ("Folder of music on this machine", "本机上的音乐文件夹"),
    "build": ("Build", "建立"),
    "building": ("Listening to {name}", "正在聆听 {name}"),
    "of_files": ("{done} of {total} files", "{done} / {total} 个文件"),
    "built": ("{n} tracks, {failed} files left out.", "{n} 首曲目，{failed} 个文件未收入。"),
    "left_out": ("Files left out", "未收入的文件"),
    "download_catalogue": ("Download this catalogue (CSV)", "下载此曲库 (CSV)"),
    "n_tracks": ("Tracks", "曲目数"),
    "n_hours": ("Hours", "小时"),
    "n_artists": ("Artists", "艺术家"),
    "skipped_rows": ("{n} rows of this file could not be used:", "此文件有 {n} 行无法使用："),
    "line": ("line {n}: {why}", "第 {n} 行：{why}"),
    "licence_mix": ("Licences", "许可分布"),
    "mood_map": ("The map", "地图"),
    "all_ten": ("All ten dimensions", "全部十维"),
    "va_plane": ("Valence × arousal", "效价 × 唤醒度"),
    "map_view": ("Show", "显示"),
    "map_how": (
        "Near dots sound alike; colour and shape tell the mood, the star is what your video asks for. The axes show {p} % of the variety.",
        "相近的点听起来相似；颜色和形状表示情绪，星形是视频想要的音乐。两轴包含 {p} % 的差异。",
    ),
    "va_how": (
        "Right is more positive, up is more excited; the star is what your video asks for.",
        "向右更积极，向上更激动；星形是视频想要的音乐。",
    ),
    "map_sample": ("{n} of {total} tracks are drawn.", "{total} 首中画出 {n} 首。"),
    "map_alt": ("Map of {n} tracks, coloured by mood.", "{n} 首曲目的地图，按情绪着色。"),
    "query_star": ("What the video asks for", "视频想要的音乐"),
    "excited": ("excited", "激昂"),
    "tense": ("tense", "紧张"),
    "sad": ("sad", "忧伤"),
    "calm": ("calm", "平静"),
    # Take it away
    "take": ("Take it away", "带走结果"),
    "as_csv": ("Table (CSV)", "表格 (CSV)"),
    "as_json": ("Everything (JSON)", "全部数据 (JSON)"),
    "as_report": ("One-page report (HTML)", "单页报告 (HTML)"),
    "report_title": ("Music for {name}", "{name} 的配乐"),
    "report_made": (
        "Made with Leitmotif {version} on {date} from the catalogue {catalogue}.",
        "由 Leitmotif {version} 于 {date} 根据曲库 {catalogue} 生成。",
    ),
    "report_choices": ("Weights: {weights}. {metric}, {scale}.", "权重：{weights}。{metric}，{scale}。"),
    "report_filters": ("Filters: {filters}.", "筛选：{filters}。"),
    "warnings": ("Worth knowing", "请注意"),
}

STAGES = {"watching": "正在观看", "reading": "正在读取", "loudness": "测量响度", "track": "读取曲目", "preview": "生成预览"}
"""Names of stages that the packages report, in Chinese."""

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

_MORE_LESS_ZH = {
    "richness": ("更丰富", "更稀疏"),
    "variation": ("变化更多", "变化更少"),
    "rhythm": ("节奏更强", "节奏更弱"),
    "warmth": ("更温暖", "更清冷"),
    "harmony": ("更和谐", "更粗粝"),
    "brightness": ("更明亮", "更暗"),
    "melody_trend": ("旋律更上行", "旋律更下行"),
    "rhythm_speed": ("更快", "更慢"),
    "arousal": ("更激动", "更平静"),
    "valence": ("更积极", "更消极"),
}
_FIELDS = {f.name: f for f in (*VIDEO_FIELDS, *MUSIC_FIELDS)}


class Words:
    """The page's words in one language: `words("cancel")`, `words("scene_n", n=3)`."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self._column = list(LANGUAGES).index(language)

    def __call__(self, key: str, **values) -> str:
        text = TEXT[key][self._column]
        return text.format(**values) if values else text

    def field(self, f: Field | str) -> str:
        """The name of a dimension."""
        f = _FIELDS[f] if isinstance(f, str) else f
        return f.zh if self.language == "zh" else f.label

    def meaning(self, f: Field) -> str:
        """What a high value of a dimension says."""
        return f.meaning if self.language == "en" else MEANING_ZH[f.name]

    def stage(self, name: str) -> str:
        """A stage of the work; one that has no Chinese name is shown as the work calls it."""
        return STAGES.get(name, name) if self.language == "zh" else name

    @staticmethod
    def clock(seconds: float) -> str:
        """Seconds as m:ss or h:mm:ss."""
        minutes, s = divmod(round(seconds), 60)
        hours, m = divmod(minutes, 60)
        return f"{hours}:{m:02d}:{s:02d}" if hours else f"{m}:{s:02d}"

    def evidence(self, confidence: float) -> str:
        """A confidence (0–1) in words."""
        return self("evidence_none") if confidence == 0 else self("evidence", p=round(100 * confidence))

    def off(self, d: float) -> str:
        """A difference in the catalogue's standard deviations, in words."""
        return self("off", d=f"{abs(d):.1f}", way=self("more" if d > 0 else "less"))

    def trouble(self, error: Exception | None) -> str:
        """The one sentence that an `InputError` is, with a Chinese lead where it is not known in Chinese; None is our own mistake."""
        if error is None:
            return self("our_mistake")
        said = str(error)
        return said if self.language == "en" else translated(said) or self("failed_lead") + said

    def sentence(self, english: str) -> str:
        """What a package says of a file or a result: a warning, the reason of a row left out."""
        return english if self.language == "en" else translated(english) or english

    def reason(self, english: str, off: np.ndarray, weights: np.ndarray, shares: np.ndarray) -> str:
        """Why a track matches, in one sentence; `english` is the matcher's own."""
        return english if self.language == "en" else _reason_zh(off, weights, shares)


def _reason_zh(off: np.ndarray, weights: np.ndarray, shares: np.ndarray) -> str:
    from matcher.explain import near_and_far

    if not np.any(off[weights > 0]):
        return "完全符合要求"
    near, far = near_and_far(off, weights, shares)
    pieces = ["、".join(MUSIC_FIELDS[j].zh for j in near) + "接近"] if near else []
    pieces += ["比要求" + "、".join(_degree_zh(off[j], MUSIC_FIELDS[j].name) for j in far)] if far else []
    return "；".join(pieces)


def _degree_zh(off: float, name: str) -> str:
    from matcher.explain import LITTLE, MUCH

    word = _MORE_LESS_ZH[name][0 if off > 0 else 1]
    size = abs(off)
    return ("稍微" if size < LITTLE else "明显" if size >= MUCH else "") + word
