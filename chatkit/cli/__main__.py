"""`python -m chatkit.cli`."""

import sys

from chatkit.cli.main import main

sys.exit(main())
