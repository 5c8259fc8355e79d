"""`leitmotif serve`: the HTTP service, for this machine alone unless a token is given."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from data.errors import InputError
from leitmotif.commands.app import check_port
from leitmotif.settings import Settings, data_folder

OWN = ("localhost", "127.0.0.1", "::1")
TOKEN = "LEITMOTIF_TOKEN"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", type=int, default=8600, help="(%(default)s)")
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        metavar="ADDRESS",
        help="who may ask: 127.0.0.1, or an address of this machine, with a token (%(default)s)",
    )
    parser.add_argument(
        "--root",
        action="append",
        type=Path,
        default=[],
        metavar="FOLDER",
        help="files in it may be named by path",
    )
    parser.add_argument(
        "--token",
        action="append",
        default=[],
        metavar="T",
        help=f"demanded of whoever asks (or {TOKEN}, which other users of this machine don't see)",
    )
    parser.add_argument("--workers", type=int, default=1, help="processes (%(default)s)")
    parser.add_argument(
        "--rate", type=float, default=50.0, metavar="R", help="requests a second of one client (50)"
    )
    parser.add_argument("--catalogue", type=Path, help="the default one (as `recommend`)")
    parser.add_argument(
        "--dask", metavar="ADDRESS", help="let a Dask cluster do the work, as tcp://host:8786"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Serve until stopped."""
    try:
        import uvicorn

        from leitmotif.service.application import build_application
        from leitmotif.service.limits import check_tokens
        from leitmotif.service.state import Options
    except ImportError:
        raise InputError("service.no_fastapi") from None
    settings = Settings.from_environment()
    tokens = (*args.token, *filter(None, [os.environ.get(TOKEN)]))
    check_tokens(args.host in OWN, tokens, args.host)
    check_port(args.port, args.host)
    if args.workers < 0 or not args.rate >= 0:
        raise InputError("service.workers")
    for root in args.root:
        if not root.is_dir():
            raise InputError("service.no_root", folder=root)
    application = build_application(
        Options(
            folder=data_folder(),
            catalogue=args.catalogue or settings.catalogue,
            roots=tuple(args.root),
            tokens=tokens,
            workers=args.workers,
            max_upload_mb=settings.max_upload_mb,
            cluster=args.dask,
            per_second=args.rate,
        )
    )
    print(f"leitmotif: http://{args.host}:{args.port}/openapi.json", file=sys.stderr)
    uvicorn.run(
        application,
        host=args.host,
        port=args.port,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=3,
    )
