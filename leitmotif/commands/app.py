"""`leitmotif app`: the page, in the browser, for this machine alone unless told otherwise."""

from __future__ import annotations

import argparse
import errno
import os
import socket
import sys
from pathlib import Path

from data.errors import InputError
from leitmotif.pipeline import load_profile_weights
from leitmotif.settings import PAGE, Settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
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

    try:
        from streamlit.web.cli import main as streamlit
    except ImportError:
        raise InputError("command.no_streamlit") from None
    check_port(args.port, args.host)
    if args.profile_weights:
        # what is wrong with the file is said before the page opens
        load_profile_weights(args.profile_weights)
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
            f"leitmotif: whoever reaches {args.host} can use this page; "
            "paths of this machine are not offered there.",
            file=sys.stderr,
        )
    return (
        streamlit(
            ["run", str(PAGE), *(f"--{name}={value}" for name, value in options.items())],
            standalone_mode=False,
        )
        or 0
    )


def check_port(port: int, host: str) -> None:
    """Raises `InputError` for a number that is no port, or one that another program holds."""
    if not 0 <= port <= 65535:
        raise InputError("command.port", port=port)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        if os.name != "nt":  # there it would let two programs share a port
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EACCES):
                raise InputError("command.port_taken", port=port) from None


def _names_of(host: str) -> list[str]:
    """What a page for others may be asked for by: its address, any numeric one, names."""
    name = socket.gethostname().lower()
    return [host.lower(), "addresses", name, f"{name}.local", "localhost"]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
