"""Starts the processes of one machine, starts again what ends, and stops them all together."""

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
# Seconds until a process that ended is started again, by how often it has ended soon after a start.
RESTART_AFTER = (0.1, 1.0, 2.0, 5.0, 15.0, 30.0)
LIVED_LONG = 10.0  # seconds after which an end is no longer "soon"


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
    nice: int = 0  # added to the niceness: who must never wait for the others has the least


@dataclass
class _Child:
    """A process as it runs now, or as it waits to be started again."""

    spec: ProcessSpec
    process: subprocess.Popen[bytes]
    started: float  # monotonic, as the next
    start_again: float | None = None
    soon_ended: int = 0


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
        self._children: list[_Child] = []
        self._stopping = False
        log_dir.mkdir(parents=True, exist_ok=True)

    def install_signal_handlers(self) -> None:
        """Take SIGINT and SIGTERM as the wish to stop everything."""
        for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(signum, self._on_signal)

    def ask_to_stop(self) -> None:
        """Make `watch` return; for another thread."""
        self._stopping = True

    def pids(self) -> dict[str, int]:
        """The processes that run now, by name."""
        return {c.spec.name: c.process.pid for c in self._children if c.process.poll() is None}

    def start(self, specs: Sequence[ProcessSpec]) -> None:
        """Start the processes side by side and wait until each answers; raises StartError."""
        for spec in specs:
            self._children.append(_Child(spec, self._spawn(spec), time.monotonic()))
        for spec in specs:
            self.await_ready(spec)

    def watch(self) -> None:
        """Return when a stop is asked for; a child that ends by itself is started again.

        Nothing is lost by its end: all state is in the database and the store.
        """
        while not self._stopping:
            for child in self._children:
                self._keep_up(child)
            time.sleep(0.1)

    def stop(self) -> None:
        """Ask every child to end, last started first; kill what is left after ten seconds."""
        self._stopping = True
        for child in reversed(self._children):
            _signal_group(child.process, signal.SIGTERM)
        deadline = time.monotonic() + 10
        for child in self._children:
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.process.wait(max(0.1, deadline - time.monotonic()))
        for child in self._children:
            # The group may outlive its leader: dramatiq and gunicorn have children of their own.
            _signal_group(child.process, signal.SIGKILL)
        self._children.clear()

    def _keep_up(self, child: _Child) -> None:
        now = time.monotonic()
        if child.start_again is not None:
            if now >= child.start_again:
                child.process, child.started, child.start_again = self._spawn(child.spec), now, None
            return
        if child.process.poll() is None:
            return
        # What it started itself may live on and hold its port.
        _signal_group(child.process, signal.SIGKILL)
        child.soon_ended = child.soon_ended + 1 if now - child.started < LIVED_LONG else 0
        wait = RESTART_AFTER[min(child.soon_ended, len(RESTART_AFTER) - 1)]
        child.start_again = now + wait
        self._say(f"{self._how_it_ended(child)} Starting it again in {wait:g} s.")

    def _spawn(self, spec: ProcessSpec) -> subprocess.Popen[bytes]:
        log = (self._log_dir / f"{spec.name}.log").open("ab")
        with log:
            return subprocess.Popen(
                spec.command,
                env=dict(spec.environ),
                cwd=spec.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C reaches only the supervisor, which stops in order
                preexec_fn=_prepare(spec.nice),
            )

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
        for child in self._children:
            if child.process.poll() is not None and not self._stopping:
                raise StartError(f"{self._how_it_ended(child)} Stopping the rest.")

    def _how_it_ended(self, child: _Child) -> str:
        code, name = child.process.returncode, child.spec.name
        why = f"signal {-code}" if code < 0 else f"exit code {code}"
        return (
            f"The {name} process ended ({why}). "
            f"Last line of {self._log_dir / name}.log: {self._last_line(child.spec)}"
        )

    def _last_line(self, spec: ProcessSpec) -> str:
        lines = (self._log_dir / f"{spec.name}.log").read_text(errors="replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "(empty)")

    def _on_signal(self, _signum: int, _frame: FrameType | None) -> None:
        if not self._stopping:
            self._say("Stopping …")
        self._stopping = True


def _prepare(nice: int) -> Callable[[], None]:
    def in_the_child() -> None:
        os.nice(nice)
        if sys.platform == "linux":
            # A supervisor that is killed outright can stop nobody: the kernel does it instead.
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)

    return in_the_child


def _signal_group(child: subprocess.Popen[bytes], signum: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signum)
