#!/usr/bin/env python3
"""Set-up in one step, on any system with Python 3.11 or newer and nothing else.

    python3 go.py demo    the main job on the shipped film and catalogue
    python3 go.py test    the tests; --quick leaves out those that need a browser or long media;
                          more arguments go to pytest
    python3 go.py check   style and types
    python3 go.py app     the page, in the browser

On Windows write `py go.py demo`. The first run makes `.venv` beside this file and installs into it;
later runs reuse it and start at once. An interrupted set-up goes on where it stopped.
"""

import ctypes
import hashlib
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
CPU_WHEELS = "https://download.pytorch.org/whl/cpu"
EXTRAS = {
    "demo": "app",
    "app": "app",
    "test": "app,train,cluster,service,agents,eyes,dev",
    "check": "app,train,cluster,service,agents,eyes,dev",
}


def main():
    if sys.version_info < (3, 11):
        sys.exit(
            f"go.py: Python 3.11 or newer is needed, this is {platform.python_version()}; "
            "get one from python.org and run this again."
        )
    command = sys.argv[1] if len(sys.argv) > 1 else ""
    if command not in EXTRAS:
        sys.exit(__doc__.strip())
    try:
        set_up(EXTRAS[command])
        return RUN[command](sys.argv[2:])
    except KeyboardInterrupt:
        return 130


# ---------------------------------------------------------------------------------------- set-up


def set_up(extras):
    ready = VENV / f"ready-{extras.replace(',', '-')}.txt"
    wanted = fingerprint()
    if ready.is_file() and ready.read_text() == wanted:
        return
    if not PYTHON.is_file():
        say("making .venv")
        try:
            subprocess.run([sys.executable, "-m", "venv", "--clear", str(VENV)], check=True)
        except subprocess.CalledProcessError:
            sys.exit(
                "go.py: Python could not make a virtual environment; on Debian or Ubuntu "
                "`apt-get install python3-venv` mends it."
            )
    say("installing packages (2 to 3 GB on disk; some minutes the first time)")
    install_torch()
    pip("-e", f"{ROOT}[{extras}]")
    use_headless_opencv_without_a_screen()
    ready.write_text(wanted)


def fingerprint():
    """What the environment was made from; a change makes the next run install again."""
    parts = [(ROOT / name).read_bytes() for name in ("pyproject.toml", "constraints.txt")]
    return hashlib.sha256(b"".join([*parts, sys.version.encode(), str(ROOT).encode()])).hexdigest()


def install_torch():
    """On Linux a plain torch brings gigabytes of CUDA: without an NVIDIA GPU take the CPU build."""
    if (
        platform.system() != "Linux"
        or shutil.which("nvidia-smi")
        or Path("/proc/driver/nvidia").exists()
    ):
        return
    pinned = next(
        line.strip()
        for line in (ROOT / "constraints.txt").read_text().splitlines()
        if line.startswith("torch==")
    )
    # One brief try; where that address cannot be reached the pinned version comes with the rest.
    pip(
        "--no-deps",
        "--index-url",
        CPU_WHEELS,
        "--timeout",
        "10",
        "--retries",
        "0",
        pinned,
        check=False,
    )


def use_headless_opencv_without_a_screen():
    """The usual OpenCV wheels need libGL and libxcb, which servers lack; headless ones do not."""
    if platform.system() != "Linux" or all(
        map(loads, ("libGL.so.1", "libxcb.so.1", "libgthread-2.0.so.0"))
    ):
        return
    line = next(
        line.strip()
        for line in (ROOT / "constraints.txt").read_text().splitlines()
        if line.startswith("opencv-contrib-python==")
    )
    say("no libGL here: taking OpenCV's headless build")
    subprocess.run(
        [PYTHON, "-m", "pip", "uninstall", "-q", "-y", "opencv-python", "opencv-contrib-python"],
        check=True,
    )
    pip("--no-deps", "--force-reinstall", line.replace("python==", "python-headless=="))


def loads(library):
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def pip(*arguments, check=True):
    quiet = [] if sys.stdout.isatty() else ["-q"]  # a person sees how far it is, a log stays short
    command = [
        str(PYTHON),
        "-m",
        "pip",
        "install",
        "--disable-pip-version-check",
        *quiet,
        "-c",
        str(ROOT / "constraints.txt"),
    ]
    result = subprocess.run(
        [*command, *arguments], cwd=ROOT, stderr=None if check else subprocess.DEVNULL
    )
    if check and result.returncode:
        sys.exit(
            "go.py: a package could not be installed (see above); check the network and run the "
            "same command again."
        )


# ---------------------------------------------------------------------------------------- commands


def demo(arguments):
    film = ROOT / "data" / "demo" / "sample.mp4"
    code = python("-m", "leitmotif", "recommend", str(film), *arguments)
    if code == 0:
        say("where to go next, from this folder:")
        leitmotif = PYTHON.with_name("leitmotif").relative_to(ROOT)
        print("  python3 go.py app          the page: drop a video in, move the sliders")
        print(f"  {leitmotif} recommend {film.relative_to(ROOT)} --per-scene")
        print(f"  {leitmotif} catalogue build YOUR_MUSIC_FOLDER -o audio_features.csv")
        print(f"  {leitmotif} recommend YOUR_VIDEO.mp4 --catalogue audio_features.csv")
    return code


def app(arguments):
    return python("-m", "leitmotif", "app", *arguments)


def test(arguments):
    quick = ["-m", "not slow"] if "--quick" in arguments else []
    rest = [a for a in arguments if a != "--quick"]
    return python("-m", "pytest", "-n", "auto", "--dist", "loadfile", *quick, *rest)


def check(arguments):
    return (
        python("-m", "ruff", "check", ".")
        or python("-m", "ruff", "format", "--check", ".")
        or python("-m", "mypy")
    )


def python(*arguments):
    return subprocess.run(
        [str(PYTHON), *arguments], cwd=ROOT, env={**os.environ, "PYTHONUTF8": "1"}
    ).returncode


def say(text):
    print(f"go.py: {text}", flush=True)


RUN = {"demo": demo, "test": test, "check": check, "app": app}

if __name__ == "__main__":
    sys.exit(main())
