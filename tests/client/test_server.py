"""A server of one member for the tests in this directory: Debian's etcd, or a steled."""

import os
import shutil
import socket
import subprocess
import tempfile
import time

START_SECONDS_MAX = 20


def free_ports(count):
    """Ports nobody listens on, found by binding them together so that they differ."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


def clean_environment(**extra):
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("ETCD", "STELE_"))}
    return {**kept, "ETCDCTL_API": "3", **extra}


class Server:
    """The advertised peer address gives the member its ids and need not be real."""

    def __init__(self, program="etcd", identity=None, flags=()):
        self.directory = tempfile.mkdtemp(prefix="stele-test-")
        client, peer = free_ports(2)
        identity = identity or f"http://127.0.0.1:{peer}"
        self.port = str(client)
        self.endpoint = f"http://127.0.0.1:{client}"
        self.log = open(os.path.join(self.directory, "log"), "wb")
        self.process = subprocess.Popen(
            [program, "--name", "ref", "--data-dir", os.path.join(self.directory, "data"),
             "--listen-client-urls", self.endpoint, "--advertise-client-urls", self.endpoint,
             "--listen-peer-urls", f"http://127.0.0.1:{peer}",
             "--initial-advertise-peer-urls", identity, "--initial-cluster", f"ref={identity}",
             *(["--unsafe-no-fsync"] if program == "etcd" else []), *flags],
            stdout=self.log, stderr=subprocess.STDOUT, env=clean_environment())

    def wait_until_ready(self):
        deadline = time.monotonic() + START_SECONDS_MAX
        while time.monotonic() < deadline and self.process.poll() is None:
            probe = subprocess.run(
                ["etcdctl", "--endpoints", self.endpoint, "--command-timeout", "1s", "get", "x"],
                env=clean_environment(), capture_output=True, timeout=START_SECONDS_MAX)
            if probe.returncode == 0:
                return self
        raise RuntimeError("the server did not start; see " + self.log.name)

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.log.close()
        shutil.rmtree(self.directory)


def server_programs(bin_directory):
    """etcd, and the steled to test: of $STELE_SERVER_BINARY or of this build, if there is one."""
    steled = os.environ.get("STELE_SERVER_BINARY", os.path.join(bin_directory, "steled"))
    return ["etcd"] + ([steled] if os.path.exists(steled) else [])
