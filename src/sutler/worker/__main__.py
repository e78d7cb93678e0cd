"""`python -m sutler.worker run …`."""

import sys

from sutler.worker.main import main

sys.exit(main(sys.argv[1:]))
