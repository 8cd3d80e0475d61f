"""Every git command the factory runs.

Output is read NUL-separated wherever git offers it, for paths may hold anything else. Commands that
touch what an agent has had in its hands (workspaces) run with the factory's own git directory, index and
configuration, so that hooks, ``core.fsmonitor``, filters and signing planted there never run.
"""

from factory.git.checkouts import checkout_at, scratch_checkout
from factory.git.commits import (
    commit_files,
    replay,
    snapshot,
    start_repository,
    take_back,
    without_paths,
    write_blob_ref,
)
from factory.git.fast_forward import Merge, fast_forward
from factory.git.refusals import GitError
from factory.git.remotes import clone, fetch, push
from factory.git.repo import (
    BRANCHES,
    ENGINE_EMAIL,
    ENGINE_NAME,
    FILE_MODES,
    GITLINK_MODE,
    SYMLINK_MODE,
    Change,
    Repo,
    toplevel,
)

__all__ = [
    "BRANCHES",
    "ENGINE_EMAIL",
    "ENGINE_NAME",
    "FILE_MODES",
    "GITLINK_MODE",
    "SYMLINK_MODE",
    "Change",
    "GitError",
    "Merge",
    "Repo",
    "checkout_at",
    "clone",
    "commit_files",
    "fast_forward",
    "fetch",
    "push",
    "replay",
    "scratch_checkout",
    "snapshot",
    "start_repository",
    "take_back",
    "toplevel",
    "without_paths",
    "write_blob_ref",
]
