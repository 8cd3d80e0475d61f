"""One adapter per command: arguments, a typed call, rendering, an exit code."""
