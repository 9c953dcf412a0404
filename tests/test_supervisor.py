"""The supervisor, with real child processes."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time

import psutil
import pytest

from bot.supervisor import RESTART_AFTER, ProcessSpec, StartError, Supervisor, check_ports

pytestmark = pytest.mark.alone

SLEEPER = (sys.executable, "-c", "import time; time.sleep(600)")


@pytest.fixture
def watched(tmp_path):
    said = []
    made = Supervisor(tmp_path / "log", said.append)
    yield made, said
    made.stop()


@pytest.fixture
def supervisor(watched):
    return watched[0]


@contextlib.contextmanager
def watching(supervisor):
    watcher = threading.Thread(target=supervisor.watch)
    watcher.start()
    try:
        yield
    finally:
        supervisor.ask_to_stop()
        watcher.join(10)


def spec(name, command=SLEEPER, ready=lambda: True, within=10.0):
    return ProcessSpec(name, command, ready, dict(os.environ), within)


def children():
    return {p.pid for p in psutil.Process().children(recursive=True)}


def test_a_port_in_use_is_named_with_its_setting():
    with contextlib.closing(socket.socket()) as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        with pytest.raises(StartError, match=rf"Port {port} .* set PORT\.") as caught:
            check_ports([(port, "PORT")])
    assert "\n" not in str(caught.value)


def test_a_child_that_dies_at_the_start_is_named_with_its_last_words(supervisor):
    command = (sys.executable, "-c", "import sys; print('no luck'); sys.exit(3)")
    with pytest.raises(StartError, match=r"The web process ended \(exit code 3\).*no luck"):
        supervisor.start([spec("web", command, lambda: False)])


def test_a_child_that_never_answers_is_named(supervisor):
    with pytest.raises(StartError, match=r"The rasa process did not answer within 0 s"):
        supervisor.start([spec("rasa", ready=lambda: False, within=0.2)])


def test_a_child_that_is_not_ready_says_why(supervisor):
    waiting = ProcessSpec(
        "web", SLEEPER, lambda: False, dict(os.environ), 0.2, lambda: "rasa: down"
    )
    with pytest.raises(StartError, match=r"did not answer within 0 s: rasa: down"):
        supervisor.start([waiting])


def test_a_child_that_dies_later_is_named_and_started_again(watched):
    supervisor, said = watched
    before = children()
    supervisor.start([spec("one"), spec("two")])
    first = children() - before
    with watching(supervisor):
        victim = min(first)
        os.kill(victim, signal.SIGKILL)
        wait_for(lambda: len(children() - before - {victim}) == 2)
    assert re.match(r"The (one|two) process ended \(signal 9\)\..* again in 1 s", said[0])
    supervisor.stop()
    assert children() - before == set()


def test_a_child_that_keeps_dying_is_started_ever_more_slowly(watched):
    supervisor, said = watched
    supervisor.start([spec("one", (sys.executable, "-c", "import time; time.sleep(0.2)"))])
    with watching(supervisor):
        wait_for(lambda: len(said) >= 2)
    waits = [float(re.search(r"again in ([\d.]+) s", line).group(1)) for line in said[:2]]
    assert waits == list(RESTART_AFTER[1:3])


def test_what_a_dead_child_left_running_is_ended_before_it_starts_again(watched):
    supervisor, said = watched
    with_child = "import subprocess, sys; subprocess.Popen(['sleep', '600']).wait()"
    before = children()
    supervisor.start([spec("tree", (sys.executable, "-c", with_child))])
    wait_for(lambda: len(children() - before) == 2)
    leader = min(children() - before)
    [orphan] = children() - before - {leader}
    with watching(supervisor):
        os.kill(leader, signal.SIGKILL)
        wait_for(lambda: said)
        wait_for(lambda: not (psutil.pid_exists(orphan) and running(orphan)))


def test_a_process_that_may_wait_gives_way(supervisor):
    before = children()
    nice = ProcessSpec("one", SLEEPER, lambda: True, dict(os.environ), nice=7)
    supervisor.start([nice])
    [pid] = children() - before
    assert psutil.Process(pid).nice() == psutil.Process().nice() + 7


def test_a_grandchild_that_ignores_the_request_is_stopped_too(supervisor):
    stubborn = (
        "import signal, subprocess, sys, time; "
        "subprocess.Popen([sys.executable, '-c', "
        "'import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)']); "
        "time.sleep(600)"
    )
    before = children()
    supervisor.start([spec("tree", (sys.executable, "-c", stubborn))])
    wait_for(lambda: len(children() - before) == 2)
    made = children() - before
    supervisor.stop()
    wait_for(lambda: not any(psutil.pid_exists(pid) and running(pid) for pid in made))


def test_the_children_die_with_a_supervisor_that_is_killed(tmp_path):
    program = (
        "import sys, os, time; from pathlib import Path; "
        "from bot.supervisor import Supervisor, ProcessSpec; "
        f"s = Supervisor(Path({str(tmp_path)!r}), print); "
        f"s.start([ProcessSpec('x', {SLEEPER!r}, lambda: True, dict(os.environ))]); "
        "print(s._children[0].process.pid, flush=True); time.sleep(600)"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
    child = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    wait_for(lambda: not (psutil.pid_exists(child) and running(child)))


def running(pid):
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def wait_for(holds, seconds=10):
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)
