"""`python -m simulator zalo …` and `python -m simulator onestop …`."""

from __future__ import annotations

import sys


def main(argv: list[str]) -> int:
    """Run one of the two stand-ins; returns the exit status."""
    name = argv[0] if argv else ""
    # Each is imported only when asked for: neither needs the other's libraries.
    if name == "zalo":
        from simulator.zalo.command import main as run
    elif name == "onestop":
        from simulator.onestop.command import main as run
    else:
        sys.stderr.write("usage: python -m simulator {zalo,onestop} [options]\n")
        return 2
    return run(argv[1:])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
