"""What an agent's process, or a project's code while it is measured, may see and write.

``choose`` finds the protection that works on this machine, by trying it; ``Sandbox.wrap`` puts a command line
into it.
"""

from factory.sandbox.backends import OFF, Sandbox, choose
from factory.sandbox.installation import needed_by, on_path, with_interpreters
from factory.sandbox.request import Access, SandboxRequest

__all__ = [
    "OFF",
    "Access",
    "Sandbox",
    "SandboxRequest",
    "choose",
    "needed_by",
    "on_path",
    "with_interpreters",
]
