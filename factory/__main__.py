"""``python -m factory``, and the ``factory`` that is installed."""

import signal
import sys

# Until the error boundary stands, nothing is begun, and an interruption has nothing to tell.
if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)

from factory.cli import main

if __name__ == "__main__":
    sys.exit(main())
