"""Runs first in each Python that a test starts: no waiting for the disk.

Writing through guards against a power cut, which no test makes; the waiting was a third of the suite's time.
"""

import os

os.fsync = lambda fd: None
