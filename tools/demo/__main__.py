import sys

from tools.demo.build import main

sys.exit(main())
