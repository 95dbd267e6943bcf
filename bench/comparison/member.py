"""Daemons with an empty store, one or a cluster, started for a measurement and removed after it."""

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from . import accounting

START_ATTEMPTS = 3  # a port that was free may be taken before the daemon binds it
READY_SECONDS_MAX = 30
STOP_SECONDS_MAX = 60
PR_SET_PDEATHSIG = 1


class StartFailed(Exception):
    pass


def die_with_parent():
    """In a child: ends it with the script, even if the script is killed with SIGKILL."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def free_ports(count):
    """Different ones, which is certain only while all are held."""
    listeners = [socket.socket() for _ in range(count)]
    try:
        for listener in listeners:
            listener.bind(("127.0.0.1", 0))
        return [listener.getsockname()[1] for listener in listeners]
    finally:
        for listener in listeners:
            listener.close()


def wait_or_kill(process, seconds_max):
    try:
        process.wait(seconds_max)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class Member:
    """One process and its directory; it can be ended and started again with the same data."""

    def __init__(self, binary, directory, name, client_port, peer_port, initial_cluster, prefix):
        self._directory = directory
        self._process = None
        self.endpoint = f"127.0.0.1:{client_port}"
        self.data_dir = os.path.join(directory, "data")
        client_url, peer_url = f"http://{self.endpoint}", f"http://127.0.0.1:{peer_port}"
        self._command = [
            *prefix,
            binary,
            "--name", name,
            "--data-dir", self.data_dir,
            "--listen-client-urls", client_url,
            "--advertise-client-urls", client_url,
            "--listen-peer-urls", peer_url,
            "--initial-advertise-peer-urls", peer_url,
            "--initial-cluster", initial_cluster,
            "--log-level", "error",
        ]

    @property
    def pid(self):
        return self._process.pid

    @property
    def running(self):
        return self._process is not None and self._process.poll() is None

    def spawn(self):
        os.makedirs(self._directory, exist_ok=True)
        with open(os.path.join(self._directory, "log"), "ab") as log:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C reaches the script, which ends the daemon
                preexec_fn=die_with_parent,
            )

    def end(self, how=signal.SIGTERM):
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.send_signal(how)
        wait_or_kill(self._process, STOP_SECONDS_MAX)
        self._process = None

    def log_tail(self):
        try:
            with open(os.path.join(self._directory, "log"), encoding="utf-8", errors="replace") as log:
                return "".join(log.readlines()[-10:])
        except FileNotFoundError:
            return ""


class Cluster:
    """Use in a with statement: started members that are ready, ended at the end of the block.

    `answers(endpoint)` tells whether a request to the endpoint succeeds; `prefix` goes before every
    member's command, such as a program that puts it into a cgroup.
    """

    def __init__(self, binary, work_dir, answers, members=1, prefix=()):
        self._binary = binary
        self._work_dir = work_dir
        self._answers = answers
        self._size = members
        self._prefix = list(prefix)
        self._directory = None
        self.members = []

    @property
    def endpoints(self):
        return [member.endpoint for member in self.members]

    @property
    def pids(self):
        return [member.pid for member in self._running()]

    def __enter__(self):
        try:
            for attempt in range(1, START_ATTEMPTS + 1):
                self._make()
                for member in self.members:
                    member.spawn()
                if self.become_ready():
                    return self
                log = "".join(member.log_tail() for member in self.members)
                self._end()
                if attempt == START_ATTEMPTS:
                    raise StartFailed(f"{self._binary} did not become ready:\n{log}")
        except BaseException:
            self._end()
            raise
        raise AssertionError("unreachable")

    def __exit__(self, *_):
        self._end()

    def become_ready(self):
        """Whether every running member answers, before long."""
        deadline = time.monotonic() + READY_SECONDS_MAX
        waiting = [member for member in self.members if member.running]
        while waiting and time.monotonic() < deadline:
            if not all(member.running for member in waiting):
                return False
            waiting = [member for member in waiting if not self._answers(member.endpoint)]
            if waiting:
                time.sleep(0.05)
        return not waiting

    # Sums over the members that run.

    def cpu_seconds(self):
        return sum(accounting.process_cpu_seconds(member.pid) for member in self._running())

    def memory_bytes(self, name):
        """The largest member's."""
        return max(accounting.memory_bytes(member.pid, name) for member in self._running())

    def reset_peak_memory(self):
        for member in self._running():
            accounting.reset_peak_memory(member.pid)

    def disk_bytes(self):
        return sum(accounting.disk_bytes(member.data_dir) for member in self.members)

    def _running(self):
        return [member for member in self.members if member.running]

    def _make(self):
        self._directory = tempfile.mkdtemp(prefix="cluster-", dir=self._work_dir)
        ports = free_ports(2 * self._size)
        names = [f"m{i}" for i in range(1, self._size + 1)]
        peers = [f"{name}=http://127.0.0.1:{ports[2 * i + 1]}" for i, name in enumerate(names)]
        self.members = [
            Member(self._binary, os.path.join(self._directory, name), name, ports[2 * i],
                   ports[2 * i + 1], ",".join(peers), self._prefix)
            for i, name in enumerate(names)
        ]

    def _end(self):
        for member in self.members:
            member.end()
        if self._directory is not None:
            shutil.rmtree(self._directory, ignore_errors=True)
            self._directory = None
