"""`python -m leitmotif` is `leitmotif`."""

import sys

from leitmotif.cli import main

sys.exit(main())
