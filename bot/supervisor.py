"""Starts the processes of one machine, watches them, and stops them all together."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from bot.errors import BotError

_PR_SET_PDEATHSIG = 1


class StartError(BotError):
    """A process did not come up; the message is one line for the operator."""


@dataclass(frozen=True)
class ProcessSpec:
    """One process: its name, its command, and how to tell that it answers."""

    name: str
    command: tuple[str, ...]
    ready: Callable[[], bool]
    environ: Mapping[str, str]
    ready_within: float = 120.0  # seconds
    trouble: Callable[[], str] = str  # what it says of itself while it is not ready
    folder: Path | None = None  # where it runs; None: where the supervisor runs


def check_ports(ports: Sequence[tuple[int, str]]) -> None:
    """Raise StartError naming the first port that something else already listens on."""
    for port, setting in ports:
        with contextlib.closing(socket.socket()) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise
                raise StartError(
                    f"Port {port} is already in use: stop the other program or set {setting}."
                ) from error


def listens(port: int) -> bool:
    """Whether something accepts connections on this port of this machine."""
    with contextlib.closing(socket.socket()) as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Supervisor:
    """Runs ProcessSpecs as children; every child dies with it."""

    def __init__(self, log_dir: Path, say: Callable[[str], None]) -> None:
        self._log_dir = log_dir
        self._say = say
        self._children: list[tuple[ProcessSpec, subprocess.Popen[bytes]]] = []
        self._stopping = False
        log_dir.mkdir(parents=True, exist_ok=True)

    def install_signal_handlers(self) -> None:
        """Take SIGINT and SIGTERM as the wish to stop everything."""
        for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(signum, self._on_signal)

    def start(self, specs: Sequence[ProcessSpec]) -> None:
        """Start the processes side by side and wait until each answers; raises StartError."""
        for spec in specs:
            self._spawn(spec)
        for spec in specs:
            self.await_ready(spec)

    def watch(self) -> None:
        """Return when a stop is asked for; raises StartError when a child ends by itself."""
        while not self._stopping:
            self._raise_for_dead()
            time.sleep(0.5)

    def stop(self) -> None:
        """Ask every child to end, last started first; kill what is left after ten seconds."""
        self._stopping = True
        for _, child in reversed(self._children):
            _signal_group(child, signal.SIGTERM)
        deadline = time.monotonic() + 10
        for _, child in self._children:
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(max(0.1, deadline - time.monotonic()))
        for _, child in self._children:
            # The group may outlive its leader: dramatiq and gunicorn have children of their own.
            _signal_group(child, signal.SIGKILL)
        self._children.clear()

    def _spawn(self, spec: ProcessSpec) -> None:
        log = (self._log_dir / f"{spec.name}.log").open("ab")
        with log:
            child = subprocess.Popen(
                spec.command,
                env=dict(spec.environ),
                cwd=spec.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C reaches only the supervisor, which stops in order
                preexec_fn=_die_with_parent if sys.platform == "linux" else None,
            )
        self._children.append((spec, child))

    def await_ready(self, spec: ProcessSpec) -> None:
        """Wait until `spec.ready()`; raises StartError when it takes too long or a child dies."""
        deadline = time.monotonic() + spec.ready_within
        while not spec.ready():
            if self._stopping:
                raise KeyboardInterrupt
            self._raise_for_dead()
            if time.monotonic() > deadline:
                raise StartError(
                    f"The {spec.name} process did not answer within {spec.ready_within:.0f} s: "
                    f"{spec.trouble() or f'see {self._log_dir / spec.name}.log'}"
                )
            time.sleep(0.1)

    def _raise_for_dead(self) -> None:
        for spec, child in self._children:
            code = child.poll()
            if code is not None and not self._stopping:
                why = f"signal {-code}" if code < 0 else f"exit code {code}"
                raise StartError(
                    f"The {spec.name} process ended ({why}); stopping the rest. "
                    f"Last line of {self._log_dir / spec.name}.log: {self._last_line(spec)}"
                )

    def _last_line(self, spec: ProcessSpec) -> str:
        lines = (self._log_dir / f"{spec.name}.log").read_text(errors="replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "(empty)")

    def _on_signal(self, _signum: int, _frame: FrameType | None) -> None:
        if not self._stopping:
            self._say("Stopping …")
        self._stopping = True


def _die_with_parent() -> None:
    # A supervisor that is killed outright can stop nobody: the kernel does it instead.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _signal_group(child: subprocess.Popen[bytes], signum: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signum)
