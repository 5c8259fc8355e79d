"""One module per command: `add_arguments(parser)` says what it takes, `run(args)` does it."""
