"""One single-member daemon with an empty store, started for a measurement and removed after it."""

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

START_ATTEMPTS = 3  # a port that was free may be taken before the daemon binds it
READY_SECONDS_MAX = 30
STOP_SECONDS_MAX = 20
PR_SET_PDEATHSIG = 1


class StartFailed(Exception):
    pass


def die_with_parent():
    """In a child: ends it with the script, even if the script is killed with SIGKILL."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_or_kill(process, seconds_max):
    try:
        process.wait(seconds_max)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class Member:
    """Use in a with statement: a started daemon that is ready, ended at the end of the block."""

    def __init__(self, binary, work_dir, answers):
        """`answers(endpoint)` tells whether a request to the endpoint succeeds."""
        self._binary = binary
        self._work_dir = work_dir
        self._answers = answers
        self._process = None
        self._directory = None
        self.endpoint = None

    @property
    def pid(self):
        return self._process.pid

    @property
    def data_dir(self):
        return os.path.join(self._directory, "data")

    def __enter__(self):
        try:
            for attempt in range(1, START_ATTEMPTS + 1):
                self._spawn()
                if self._became_ready():
                    return self
                log = self._log_tail()
                self._end()
                if attempt == START_ATTEMPTS:
                    raise StartFailed(f"{self._binary} did not become ready:\n{log}")
        except BaseException:
            self._end()
            raise
        raise AssertionError("unreachable")

    def __exit__(self, *_):
        self._end()

    def _spawn(self):
        self._directory = tempfile.mkdtemp(prefix="member-", dir=self._work_dir)
        client_port, peer_port = free_port(), free_port()
        self.endpoint = f"127.0.0.1:{client_port}"
        client_url, peer_url = f"http://{self.endpoint}", f"http://127.0.0.1:{peer_port}"
        command = [
            self._binary,
            "--name", "one",
            "--data-dir", self.data_dir,
            "--listen-client-urls", client_url,
            "--advertise-client-urls", client_url,
            "--listen-peer-urls", peer_url,
            "--initial-advertise-peer-urls", peer_url,
            "--initial-cluster", f"one={peer_url}",
            "--log-level", "error",
        ]
        with open(os.path.join(self._directory, "log"), "wb") as log:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C reaches the script, which ends the daemon
                preexec_fn=die_with_parent,
            )

    def _became_ready(self):
        deadline = time.monotonic() + READY_SECONDS_MAX
        while time.monotonic() < deadline and self._process.poll() is None:
            if self._answers(self.endpoint):
                return True
            time.sleep(0.05)
        return False

    def _log_tail(self):
        with open(os.path.join(self._directory, "log"), encoding="utf-8", errors="replace") as log:
            return "".join(log.readlines()[-10:])

    def _end(self):
        if self._process is not None:
            if self._process.poll() is None:
                self._process.terminate()
            wait_or_kill(self._process, STOP_SECONDS_MAX)
            self._process = None
        if self._directory is not None:
            shutil.rmtree(self._directory, ignore_errors=True)
            self._directory = None
