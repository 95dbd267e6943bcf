"""Members of a server on free loopback ports, for the tests in Python."""

import ctypes
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import time

READY = b"ready to serve client requests"
PATIENCE_S = 30
_LIBC = ctypes.CDLL(None)  # Loaded here: a child of a program with threads must not load anything.


def die_with_parent():
    """Runs in the child: ask the kernel to kill it when this program ends in whatever way."""
    _LIBC.prctl(1, signal.SIGKILL)


def free_ports(count):
    """Ports below the range of outgoing connections, which may not take them by chance."""
    sockets, ports = [], []
    while len(ports) < count:
        candidate = socket.socket()
        try:
            candidate.bind(("127.0.0.1", random.randrange(10000, 32768)))
            sockets.append(candidate)
            ports.append(candidate.getsockname()[1])
        except OSError:
            candidate.close()
    for each in sockets:
        each.close()
    return ports


class Cluster:
    """Members of one server, in a directory of their own. `flags` are added to each one's."""

    def __init__(self, binary, directory, members=3, flags=()):
        self.binary = binary
        self.size = members
        self.flags = list(flags)
        self.directory = pathlib.Path(directory)
        self.processes = []
        for _ in range(3):  # A port may be taken before the server binds it.
            if self._start():
                return
        raise RuntimeError(f"{binary} did not start; see {directory}")

    def _start(self):
        self.stop()
        self.commands = []
        shutil.rmtree(self.directory, ignore_errors=True)
        self.directory.mkdir()
        ports = free_ports(2 * self.size)
        client_ports, peer_ports = ports[:self.size], ports[self.size:]
        self.clients = [f"127.0.0.1:{port}" for port in client_ports]
        self.ports = {str(port): f"PORT{i}" for i, port in enumerate(ports)}
        initial = ",".join(f"m{i}=http://127.0.0.1:{port}" for i, port in enumerate(peer_ports))
        for i, (client, peer) in enumerate(zip(client_ports, peer_ports)):
            client, peer = f"http://127.0.0.1:{client}", f"http://127.0.0.1:{peer}"
            command = [self.binary, "--name", f"m{i}", "--data-dir", str(self.directory / f"m{i}"),
                       "--listen-client-urls", client, "--advertise-client-urls", client,
                       "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
                       "--initial-cluster", initial, "--initial-cluster-state", "new"] + self.flags
            self.commands.append(command)
            self.processes.append(None)
            self.start_member(i)
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            if any(process.poll() is not None for process in self.processes):
                return False
            if all(READY in self._log(i).read_bytes() for i in range(self.size)):
                return True
            time.sleep(0.02)
        return False

    def _log(self, member):
        return self.directory / f"m{member}.log"

    def start_member(self, member):
        """Starts a member, for the first time or with the data it left."""
        with open(self._log(member), "ab") as log:
            self.processes[member] = subprocess.Popen(
                self.commands[member], stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                preexec_fn=die_with_parent)

    def kill_member(self, member):
        self.processes[member].kill()
        self.processes[member].wait()

    def stop(self):
        for member in range(len(self.processes)):
            self.kill_member(member)
        self.processes = []


def etcdctl_environment(endpoints):
    """The environment of an etcdctl that is to talk to `endpoints`, a list; empty for none."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("ETCDCTL_")}
    environment["ETCDCTL_API"] = "3"
    if endpoints:
        environment["ETCDCTL_ENDPOINTS"] = ",".join(endpoints)
    return environment
