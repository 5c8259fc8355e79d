"""`leitmotif app`: the page, in the browser, for this machine alone unless told otherwise."""

from __future__ import annotations

import argparse
import os
import socket
import sys
from pathlib import Path


def add_parser(subparsers) -> None:
    parser = subparsers.add_parser("app", help="open the page: drop a video in, move the sliders")
    parser.add_argument("--port", type=int, default=8501, help="(%(default)s; 0 takes a free one)")
    parser.add_argument(
        "--host",
        default="localhost",
        metavar="ADDRESS",
        help="who may come: localhost, or an address of this machine (%(default)s)",
    )
    parser.add_argument("--no-browser", action="store_true", help="do not open a browser")
    parser.add_argument(
        "--profile-weights",
        type=Path,
        metavar="FILE",
        help="see pictures as somebody's ratings do (calibrate's file)",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    from data.errors import InputError
    from leitmotif.pipeline import load_profile_weights
    from leitmotif.settings import PAGE, Settings

    try:
        from streamlit.web.cli import main as streamlit
    except ImportError:
        raise InputError(
            "app: Streamlit is not installed; `pip install leitmotif[app]` brings what the page needs."
        ) from None
    if args.profile_weights:
        load_profile_weights(
            args.profile_weights
        )  # what is wrong with the file is said before the page opens
        os.environ["LEITMOTIF_PROFILE_WEIGHTS"] = str(args.profile_weights.resolve())
    options = {
        "server.address": args.host,
        "server.port": args.port or _free_port(),
        "server.headless": str(args.no_browser).lower(),
        "server.maxUploadSize": Settings.from_environment().max_upload_mb,
        "browser.gatherUsageStats": "false",
    }
    if args.host not in ("localhost", "127.0.0.1", "::1"):
        options["server.allowedHosts"] = "*"  # the page's own guard looks closer
        os.environ.setdefault("LEITMOTIF_HOSTS", ",".join(_names_of(args.host)))
        print(
            f"leitmotif: whoever reaches {args.host} can use this page; paths of this machine are not offered there.",
            file=sys.stderr,
        )
    return (
        streamlit(
            ["run", str(PAGE), *(f"--{name}={value}" for name, value in options.items())],
            standalone_mode=False,
        )
        or 0
    )


def _names_of(host: str) -> list[str]:
    """What a page for others may be asked for by: its address, any numeric one, names."""
    name = socket.gethostname().lower()
    return [host.lower(), "addresses", name, f"{name}.local", "localhost"]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
