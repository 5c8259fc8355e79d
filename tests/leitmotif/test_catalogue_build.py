"""`leitmotif catalogue build`: incremental, resumable, and it says what it could not use."""

from __future__ import annotations

import io
import itertools
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
import soundfile

from data.atomic import atomic_path
from data.catalogue import Catalogue
from data.errors import Cancelled, InputError
from data.profiles import VideoProfile
from data.track_curves import read_curves
from data.words import Sentence
from leitmotif import cli, pipeline
from leitmotif.catalogue import build as catalogue_build
from leitmotif.catalogue.build import build
from leitmotif.catalogue.library import Library
from leitmotif.catalogue.track import Outcome, Task, analyse_file, levels
from matcher.query import Query

RATE = 22_050
ROOT = Path(__file__).resolve().parents[2]


def tune(seed: int, seconds: float = 6.0) -> np.ndarray:
    """A melody of its own for every seed: plucked harmonic tones and a little noise."""
    rng = np.random.default_rng(seed)
    t = np.arange(round(0.3 * RATE)) / RATE
    out = [
        sum(np.sin(2 * np.pi * 440 * 2 ** ((p - 69) / 12) * h * t) / h for h in range(1, 6))
        * np.exp(-4 * t)
        for p in rng.integers(55, 80, round(seconds / 0.3))
    ]
    return (0.1 * np.concatenate(out) + 1e-3 * rng.standard_normal(len(t) * len(out))).astype(
        np.float32
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    music = tmp_path / "音乐 folder"
    (music / "sub").mkdir(parents=True)
    for seed in range(4):
        soundfile.write(music / ("sub" if seed % 2 else "") / f"tune {seed}.flac", tune(seed), RATE)
    return music


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "out" / "audio_features.csv"


def test_files_without_tags_are_called_by_their_own_names(folder: Path, output: Path):
    """A copy is not called as its original, which was measured for both; nor a file by its old
    name."""
    shutil.copy(folder / "tune 0.flac", folder / "写本 copy.flac")
    titles = build([folder], output, jobs=1, tags=False).catalogue.text("title")
    assert sorted(titles) == ["tune 0", "tune 1", "tune 2", "tune 3", "写本 copy"]
    (folder / "tune 2.flac").rename(folder / "renamed.flac")
    report = build([folder], output, jobs=1, tags=False)
    assert report.moved == 1 and "renamed" in report.catalogue.text("title")
    assert "tune 2" not in report.catalogue.text("title")


def run(folder: Path, output: Path, **options):
    return build([folder], output, jobs=1, tags=False, **options)


def test_one_row_per_file_with_the_path_inside_the_folder_as_id(folder: Path, output: Path):
    report = run(folder, output)
    catalogue = Catalogue.read(output)
    assert catalogue.track_ids == [
        "sub/tune 1.flac",
        "sub/tune 3.flac",
        "tune 0.flac",
        "tune 2.flac",
    ]
    assert catalogue.text("title") == ["tune 1", "tune 3", "tune 0", "tune 2"]
    assert np.isfinite(catalogue.features).all()
    assert catalogue.numbers("duration_s") == pytest.approx([6.0] * 4, abs=0.1)
    assert (report.analysed, report.failed) == (4, ())


def test_curves_stand_beside_the_rows(folder: Path, output: Path):
    run(folder, output)
    tracks = read_curves(output.with_name("audio_features.curves.parquet"))
    assert sorted(tracks) == Catalogue.read(output).track_ids
    assert tracks["tune 0.flac"].curves.values.shape == (12, 5)
    assert tracks["tune 0.flac"].sections[0] == 0


def test_a_second_build_opens_nothing(folder: Path, output: Path, monkeypatch: pytest.MonkeyPatch):
    run(folder, output)
    before = output.read_bytes()
    monkeypatch.setattr(catalogue_build.executors, "analyse_file", None)
    report = run(folder, output)
    assert (report.analysed, report.unchanged) == (0, 4)
    assert output.read_bytes() == before


def test_only_new_and_changed_files_are_analysed(folder: Path, output: Path):
    run(folder, output)
    soundfile.write(folder / "tune 0.flac", tune(50), RATE)
    soundfile.write(folder / "new.flac", tune(51), RATE)
    report = run(folder, output)
    assert (report.analysed, report.unchanged) == (2, 3)


def test_a_moved_file_keeps_its_id(folder: Path, output: Path):
    run(folder, output)
    before = Catalogue.read(output)
    (folder / "tune 0.flac").rename(folder / "sub" / "renamed.flac")
    report = run(folder, output)
    after = Catalogue.read(output)
    assert (report.analysed, report.moved, report.missing) == (0, 1, ())
    assert after.track_ids == before.track_ids
    assert after.text("path")[2].endswith("sub/renamed.flac")


def test_a_removed_file_is_marked_not_dropped(folder: Path, output: Path):
    run(folder, output)
    (folder / "tune 2.flac").unlink()
    assert run(folder, output).missing == ("tune 2.flac",)
    assert Catalogue.read(output).text("status") == ["", "", "", "missing"]


def test_paths_are_relative_where_the_music_lies_below_the_catalogue(folder: Path):
    run(folder, folder / "catalogue.csv")
    assert Catalogue.read(folder / "catalogue.csv").text("path")[0] == "sub/tune 1.flac"


def test_copies_are_marked(folder: Path, output: Path, tmp_path: Path):
    original = tune(7, seconds=20)
    soundfile.write(folder / "a original.flac", original, RATE)
    soundfile.write(folder / "b quiet.wav", 0.2 * original, RATE)
    soundfile.write(folder / "c trimmed.ogg", original[round(3.21 * RATE) :], RATE)
    report = run(folder, output)
    assert report.duplicates == {
        "b quiet.wav": "a original.flac",
        "c trimmed.ogg": "a original.flac",
    }
    assert len(Catalogue.read(output)) == 7


def test_what_is_gone_or_a_copy_is_never_recommended(folder: Path, output: Path):
    original = tune(7, seconds=20)
    soundfile.write(folder / "a original.flac", original, RATE)
    soundfile.write(folder / "b quiet.wav", 0.2 * original, RATE)
    run(folder, output)
    (folder / "tune 0.flac").unlink()
    run(folder, output)
    library = Library.open(output)
    rows = dict(zip(library.catalogue.track_ids, library.catalogue.features, strict=True))
    picture = VideoProfile(np.zeros(11), np.ones(11))
    for wanted, index in itertools.product(("tune 0.flac", "b quiet.wav"), (None, library.index)):
        answer = pipeline.match(picture, library.catalogue, Query(rows[wanted]), index=index)
        listed = [m.track_id for m in answer.matches]
        assert sorted(t for t in listed if "tune" in t) == [
            "sub/tune 1.flac",
            "sub/tune 3.flac",
            "tune 2.flac",
        ]
        assert len({"a original.flac", "b quiet.wav"} & set(listed)) == 1 and len(listed) == 4


def test_bad_files_are_reported_and_stop_nothing(folder: Path, output: Path):
    (folder / "empty.mp3").touch()
    (folder / "words.mp3").write_text("these are only words\n" * 100, encoding="utf-8")
    whole = (folder / "tune 0.flac").read_bytes()
    (folder / "cut.flac").write_bytes(whole[: len(whole) // 2])
    (folder / "really flac.mp3").write_bytes(whole)
    soundfile.write(folder / "one sample.wav", np.array([0.5]), RATE)
    report = run(folder, output)
    reasons = {Path(source).name: reason for source, reason in report.failed}
    assert set(reasons) == {"empty.mp3", "words.mp3"}
    assert "0 bytes" in reasons["empty.mp3"]
    assert isinstance(reasons["empty.mp3"], Sentence)
    assert reasons["empty.mp3"].into("zh").startswith("这是空文件（0 字节）")
    assert "cannot be read as sound" in reasons["words.mp3"]
    warnings = [f"{track}: {sentence}" for track, sentence in report.warnings]
    assert any("cut.flac: only 3" in w and "truncated or damaged" in w for w in warnings), warnings
    assert any("one sample.wav: there is nothing to hear" in w for w in warnings), warnings
    assert report.duplicates["tune 0.flac"] == "really flac.mp3"
    listed = output.with_name("audio_features.failed.csv").read_text(encoding="utf-8")
    assert "empty.mp3" in listed and "words.mp3" in listed


@pytest.mark.parametrize(
    ("suffix", "container"), [("m4a", "mp4"), ("mka", "matroska"), ("mp3", None)]
)
def test_a_file_that_is_only_cover_art_is_reported(
    folder: Path, output: Path, suffix: str, container: str | None
):
    write_cover(folder / f"cover.{suffix}", container)
    for name in ("sub/tune 1.flac", "sub/tune 3.flac", "tune 2.flac"):
        (folder / name).unlink()
    report = run(folder, output)
    assert report.catalogue.track_ids == ["tune 0.flac"]
    (source, reason), *others = report.failed
    assert Path(source).name == f"cover.{suffix}" and not others
    assert ("no sound in this file" if container else "cannot be read as sound") in reason


def write_cover(path: Path, container: str | None) -> None:
    """A file whose only stream is an attached picture; without a container a bare ID3 tag."""
    import av
    from mutagen.id3 import APIC, ID3

    picture = av.VideoFrame.from_ndarray(
        np.full((64, 64, 3), 90, np.uint8), format="rgb24"
    ).reformat(format="yuvj420p")
    with av.open(
        str(path) if container else io.BytesIO(), "w", format=container or "mjpeg"
    ) as file:
        stream = file.add_stream("mjpeg", rate=1)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuvj420p"
        stream.disposition = av.stream.Disposition.attached_pic
        packets = [*stream.encode(picture), *stream.encode(None)]
        jpeg = b"".join(bytes(p) for p in packets)
        file.mux(packets)
    if container is None:
        tag = ID3()
        tag.add(APIC(mime="image/jpeg", type=3, data=jpeg))
        tag.save(path)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has names that are no text")
def test_a_name_that_is_no_text_is_reported(folder: Path, output: Path):
    target = os.fsencode(folder) + b"/caf\xe9.flac"
    Path(os.fsdecode(target)).write_bytes((folder / "tune 0.flac").read_bytes())
    report = run(folder, output)
    assert len(report.catalogue) == 4
    assert report.failed[0][0].endswith("caf\\xe9.flac") and "rename it" in report.failed[0][1]


def test_stopping_keeps_what_is_done(folder: Path, output: Path):
    def stop_after_two(stage: str, done: float, total: float | None) -> None:
        if done == 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        run(folder, output, progress=stop_after_two)
    assert not output.exists()
    assert run(folder, output).analysed == 2


def test_a_killed_build_goes_on_and_ends_in_the_same_bytes(
    folder: Path, output: Path, tmp_path: Path
):
    for seed in range(4, 10):
        soundfile.write(folder / f"tune {seed}.flac", tune(seed), RATE)
    undisturbed = tmp_path / "out" / "undisturbed.csv"
    run(folder, undisturbed)
    command = [
        sys.executable,
        "-m",
        "leitmotif",
        "catalogue",
        "build",
        str(folder),
        "-o",
        str(output),
        "-j",
        "1",
        "--no-tags",
        "--quiet",
    ]
    for tracks in (1, 3, 6):
        process = subprocess.Popen(
            command, cwd=ROOT, start_new_session=True, stdout=subprocess.DEVNULL
        )
        while process.poll() is None and kept_tracks(output) < tracks:
            time.sleep(0.005)
        assert process.poll() is None, "it was to be killed in the middle"
        os.killpg(process.pid, signal.SIGKILL) if hasattr(os, "killpg") else process.kill()
        process.wait()
    assert kept_tracks(output) >= 6
    run(folder, output)
    assert output.read_bytes() == undisturbed.read_bytes()
    assert not [p for p in output.parent.iterdir() if p.name.startswith(".")]


@pytest.mark.parametrize(
    "written", ["audio_features.csv", "audio_features.curves.parquet", "audio_features.failed.csv"]
)
def test_what_a_build_left_that_was_killed_while_writing_is_removed(
    folder: Path, output: Path, written: str
):
    whole = output.with_name(written)
    output.parent.mkdir()
    with pytest.raises(KeyboardInterrupt), atomic_path(whole) as temporary:
        temporary.touch()
        left = temporary.rename(
            output.parent / f"{temporary.name}.kept"
        )  # what a kill would leave behind
        raise KeyboardInterrupt
    left.rename(temporary)
    run(folder, output)
    assert not [p.name for p in output.parent.iterdir() if p.name.startswith(".")]


def kept_tracks(output: Path) -> int:
    """How many tracks the memory of a build at work holds."""
    try:
        with closing(
            sqlite3.connect(
                f"file:{output.with_name('audio_features.build.sqlite').as_posix()}?mode=ro",
                uri=True,
            )
        ) as memory:
            return memory.execute("SELECT count(*) FROM files").fetchone()[0]
    except sqlite3.OperationalError:  # not there yet, or just being made
        return 0


def test_two_builds_of_one_catalogue_are_refused(folder: Path, output: Path):
    def build_again(stage: str, done: float, total: float | None) -> None:
        with pytest.raises(InputError, match="another build is at work"):
            run(folder, output)

    run(folder, output, progress=build_again)


@pytest.mark.parametrize(
    ("folder_name", "message"), [("nowhere", "no such folder"), ("bare", "no track could be read")]
)
def test_nothing_to_build_from(
    tmp_path: Path, output: Path, folder_name: str, message: str, capsys: pytest.CaptureFixture
):
    (tmp_path / "bare").mkdir()
    assert cli.main(["catalogue", "build", str(tmp_path / folder_name), "-o", str(output)]) == 2
    error = capsys.readouterr().err
    assert message in error and folder_name in error and "Traceback" not in error


# ------------------------------------------------------------------------------- other machines


def test_a_cluster_writes_the_same_bytes(folder: Path, output: Path):
    distributed = pytest.importorskip("distributed", reason="Dask is an optional part")
    run(folder, output)
    elsewhere = output.with_name("elsewhere.csv")
    (folder / "empty.mp3").touch()
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None
    ) as cluster:
        report = run(folder, elsewhere, cluster=cluster.scheduler_address)
    assert elsewhere.read_bytes() == output.read_bytes()
    assert [Path(source).name for source, _ in report.failed] == ["empty.mp3"]


def test_a_folder_by_url_gives_the_same_features(folder: Path, output: Path):
    pytest.importorskip("fsspec", reason="URLs are an optional part")
    run(folder, output)
    by_url = output.with_name("by_url.csv")
    build([f"file://{folder.as_posix()}"], by_url, jobs=1, tags=False)
    local, remote = Catalogue.read(output), Catalogue.read(by_url)
    assert remote.track_ids == local.track_ids
    np.testing.assert_array_equal(remote.features, local.features)
    assert remote.text("path")[0].startswith("file://")


def test_a_scheduler_that_does_not_answer(
    folder: Path, output: Path, monkeypatch: pytest.MonkeyPatch
):
    distributed = pytest.importorskip("distributed", reason="Dask is an optional part")
    monkeypatch.setattr(distributed, "Client", _refuse)
    with pytest.raises(InputError, match="no Dask scheduler answers"):
        run(folder, output, cluster="tcp://127.0.0.1:1")


def _refuse(*_, **__):
    raise OSError("Timed out trying to connect")


def test_the_local_build_does_not_import_dask(folder: Path, output: Path):
    code = (
        "import sys; from leitmotif.cli import main; "
        f"main(['catalogue', 'build', {str(folder)!r}, '-o', {str(output)!r}, "
        "'-j', '1', '--no-tags', '--quiet']); "
        "sys.exit('distributed' in sys.modules or 'dask' in sys.modules)"
    )
    assert (
        subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.DEVNULL, check=False
        ).returncode
        == 0
    )


def test_worker_processes_write_the_same_bytes_and_outlive_a_crash(
    folder: Path, output: Path, monkeypatch: pytest.MonkeyPatch
):
    run(folder, output)
    (folder / "crash.flac").write_bytes(b"kills its process")
    monkeypatch.setattr("leitmotif.catalogue.executors.analyse_file", _crash_on_one)
    parallel = output.with_name("parallel.csv")
    report = build([folder], parallel, jobs=2, tags=False)
    assert parallel.read_bytes() == output.read_bytes()
    assert [(Path(source).name, reason) for source, reason in report.failed] == [
        ("crash.flac", "the decoder crashed on this file")
    ]


def _crash_on_one(task: Task) -> Outcome:
    if task.source.endswith("crash.flac"):
        os.kill(os.getpid(), signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
    return analyse_file(task)


# ------------------------------------------------------------------------------- a damaged memory


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A folder of two tunes and its finished catalogue."""
    base = tmp_path_factory.mktemp("built")
    music = base / "music"
    music.mkdir()
    for seed in range(2):
        soundfile.write(music / f"tune {seed}.flac", tune(seed, 2.0), RATE)
    run(music, base / "out.csv")
    return music, base / "out.csv"


@pytest.mark.parametrize("where", [0.0, 0.003, 0.1, 0.3, 0.5, 0.7, 0.9, 0.999])
def test_no_damage_to_the_memory_changes_the_catalogue(built, where: float):
    music, output = built
    memory, whole = output.with_name("out.build.sqlite"), output.read_bytes()
    data = bytearray(memory.read_bytes())
    at = int(where * (len(data) - 1))
    data[at : at + 40] = bytes(b ^ 0xFF for b in data[at : at + 40])
    memory.write_bytes(data)
    output.unlink()
    assert len(run(music, output).catalogue) == 2
    assert output.read_bytes() == whole


@pytest.mark.parametrize("content", [b"", b"nonsense", b"SQLite format 3\0" + bytes(100)])
def test_a_memory_that_is_none_is_begun_anew(built, content: bytes):
    music, output = built
    output.with_name("out.build.sqlite").write_bytes(content)
    assert len(run(music, output).catalogue) == 2


def test_damaged_curves_are_written_again_where_nothing_else_changed(built):
    music, output = built
    run(music, output)
    curves = output.with_name("out.curves.parquet")
    whole = curves.read_bytes()
    for damaged in (whole[:-40], whole[:-9] + bytes([whole[-9] ^ 1]) + whole[-8:]):
        curves.write_bytes(damaged)
        assert run(music, output).analysed == 0
        assert curves.read_bytes() == whole


def test_a_catalogue_is_a_table(built):
    music, output = built
    with pytest.raises(InputError, match=r"end its name in one of \.csv, \.parquet"):
        run(music, output.with_suffix(".xlsx"))


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ("", (70.2, 140.4)),
        ("70", (70, 140.4)),
        ("140 ", (140, 70.2)),
        ("99", (70.2, 140.4)),
        ("0", (70.2, 140.4)),
    ],
)
def test_a_stated_tempo_wins_where_it_is_a_level_heard(stated: str, expected: tuple):
    assert levels(70.2, 140.4, stated) == expected


def test_no_workers_at_all_are_refused(tmp_path, capsys):
    assert (
        cli.main(["catalogue", "build", str(tmp_path), "-o", str(tmp_path / "a.csv"), "-j", "0"])
        == 2
    )
    assert "--jobs cannot be 0" in capsys.readouterr().err
