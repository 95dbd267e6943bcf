"""Starting steled as people start etcd: kubeadm's arguments, the environment of a Debian package, a
YAML file; where its log goes; which ports it opens. usage: configuration_test.py --server STELED"""

import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request

from etcdctl_cluster import PATIENCE_S, READY, die_with_parent, free_ports

SERVER = None


class Member:
    """One steled, its error output in a file."""

    def __init__(self, directory, arguments=(), variables=None):
        self.stderr_path = directory / "stderr"
        self.stdout_path = directory / "stdout"
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("ETCD", "STELE_"))}
        environment.update(variables or {})
        with open(self.stderr_path, "ab") as stderr, open(self.stdout_path, "ab") as stdout:
            self.process = subprocess.Popen(
                [SERVER, *arguments], stdout=stdout, stderr=stderr, stdin=subprocess.DEVNULL,
                cwd=directory, env=environment, preexec_fn=die_with_parent)

    def stderr(self):
        return self.stderr_path.read_bytes()

    def stop(self):
        self.process.kill()
        self.process.wait()


class ConfigurationTest(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="stele-configuration-")
        self.addCleanup(temporary.cleanup)
        self.directory = pathlib.Path(temporary.name)
        ports = free_ports(4)
        self.client, self.peer, self.metrics, self.http = (
            f"http://127.0.0.1:{port}" for port in ports)

    def start(self, arguments=(), variables=None):
        member = Member(self.directory, arguments, variables)
        self.addCleanup(member.stop)
        return member

    def refusal(self, arguments=(), variables=None):
        """Exit code and the one line of a steled that must not start, nor leave anything behind."""
        before = set(self.directory.rglob("*")) | {self.directory / "stdout", self.directory / "stderr"}
        member = self.start(arguments, variables)
        code = member.process.wait(timeout=PATIENCE_S)
        lines = member.stderr().decode().splitlines()
        self.assertEqual(len(lines), 1, lines)
        self.assertLessEqual(set(self.directory.rglob("*")), before)
        member.stderr_path.unlink()
        return code, lines[0]

    def eventually(self, fact, member):
        deadline = time.monotonic() + PATIENCE_S
        while not fact():
            self.assertIsNone(member.process.poll(), member.stderr().decode())
            self.assertLess(time.monotonic(), deadline, member.stderr().decode())
            time.sleep(0.02)

    def await_ready(self, member, log=None):
        path = log or member.stderr_path
        self.eventually(lambda: path.exists() and READY in path.read_bytes(), member)

    def get(self, url):
        try:
            with urllib.request.urlopen(url, timeout=PATIENCE_S) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def assert_works(self, endpoint):
        environment = {**os.environ, "ETCDCTL_API": "3"}
        done = subprocess.run(["etcdctl", "--endpoints", endpoint, "put", "k", "v"],
                              env=environment, capture_output=True, timeout=PATIENCE_S, check=False)
        self.assertEqual(done.stdout, b"OK\n", done.stderr)

    def own_arguments(self):
        return ["--name=m", f"--data-dir={self.directory}/data",
                f"--listen-client-urls={self.client}", f"--advertise-client-urls={self.client}",
                f"--listen-peer-urls={self.peer}", f"--initial-advertise-peer-urls={self.peer}",
                f"--initial-cluster=m={self.peer}"]

    def kubeadm_arguments(self):
        """What kubeadm writes into the manifest of a control plane's first member, in its order."""
        return [f"--advertise-client-urls={self.client}", "--cert-file=/pki/server.crt",
                "--client-cert-auth=true", f"--data-dir={self.directory}/data",
                "--feature-gates=InitialCorruptCheck=true",
                f"--initial-advertise-peer-urls={self.peer}",
                f"--initial-cluster=control-plane={self.peer}", "--key-file=/pki/server.key",
                f"--listen-client-urls={self.client}", f"--listen-metrics-urls={self.metrics}",
                f"--listen-peer-urls={self.peer}", "--name=control-plane",
                "--peer-cert-file=/pki/peer.crt", "--peer-client-cert-auth=true",
                "--peer-key-file=/pki/peer.key", "--peer-trusted-ca-file=/pki/ca.crt",
                "--snapshot-count=10000", "--trusted-ca-file=/pki/ca.crt",
                "--watch-progress-notify-interval=5s"]

    def without_tls(self):
        return [word for word in self.kubeadm_arguments() if "/pki/" not in word
                and "cert-auth" not in word]

    def test_kubeadm(self):
        for gate in ("--feature-gates=InitialCorruptCheck=true",
                     "--experimental-initial-corrupt-check=true"):
            arguments = [gate if "gates" in word else word for word in self.without_tls()]
            member = self.start(arguments)
            self.await_ready(member)
            self.assert_works(self.client)
            self.assertEqual(self.get(self.metrics + "/health")[0], 200)
            member.stop()
            member.stderr_path.unlink()

    def test_kubeadm_with_tls_is_refused_by_name(self):
        code, line = self.refusal(self.kubeadm_arguments())
        self.assertEqual(code, 1)
        self.assertRegex(line, r"^steled: --cert-file: TLS")
        for flag in ("--peer-cert-file=x", "--peer-client-cert-auth", "--trusted-ca-file=x"):
            self.assertRegex(self.refusal([*self.without_tls(), flag])[1],
                             f"^steled: {flag.split('=')[0]}: TLS")

    def test_environment_of_a_debian_package(self):
        variables = {
            "ETCD_NAME": "host-1",
            "ETCD_DATA_DIR": f"{self.directory}/data",
            "ETCD_LISTEN_PEER_URLS": self.peer,
            "ETCD_LISTEN_CLIENT_URLS": self.client,
            "ETCD_INITIAL_ADVERTISE_PEER_URLS": self.peer,
            "ETCD_ADVERTISE_CLIENT_URLS": self.client,
            "ETCD_INITIAL_CLUSTER": f"host-1={self.peer}",
            "ETCD_INITIAL_CLUSTER_STATE": "new",
            "ETCD_INITIAL_CLUSTER_TOKEN": "etcd-cluster-1",
            "ETCD_HEARTBEAT_INTERVAL": "100",
            "ETCD_ELECTION_TIMEOUT": "1000",
            "ETCD_AUTO_COMPACTION_RETENTION": "1",
            "ETCD_QUOTA_BACKEND_BYTES": "4294967296",
            "ETCD_ENABLE_V2": "true",
            "ETCD_LOG_OUTPUTS": "stderr",
            "ETCD_PROXY": "off",
            "ETCD_UNSUPPORTED_ARCH": "arm64",
        }
        member = self.start(variables=variables)
        self.await_ready(member)
        self.assert_works(self.client)
        lines = [json.loads(line) for line in member.stderr().splitlines()]
        warnings = [line["msg"] for line in lines
                    if line["level"] == "warning" and "ETCD_" in line["msg"]]
        self.assertEqual(sorted(warnings),
                         ["ETCD_ENABLE_V2 is ignored: there is no v2 API",
                          "unrecognized environment variable ETCD_UNSUPPORTED_ARCH"])

    def write_file(self, text):
        path = self.directory / "config.yml"
        path.write_text(text, encoding="utf-8")
        return path

    def test_configuration_file(self):
        path = self.write_file(f"""
name: m1
data-dir: {self.directory}/data
listen-peer-urls: {self.peer}
listen-client-urls: {self.client}
initial-advertise-peer-urls: {self.peer}
advertise-client-urls: {self.client}
initial-cluster: m1={self.peer}
watch-progress-notify-interval: 5000000000
log-outputs: [stdout]
client-transport-security:
  cert-file:
  auto-tls: false
""")
        member = self.start(["--config-file", str(path), "--name=unread"], {"ETCD_NAME": "unread"})
        self.await_ready(member, member.stdout_path)
        self.assert_works(self.client)
        self.assertIn(b"these are ignored: --name", member.stdout_path.read_bytes())
        self.assertEqual(member.stderr(), b"")

    def test_what_is_wrong_is_named_and_nothing_is_created(self):
        data = ["--data-dir", f"{self.directory}/data"]
        path = self.write_file("name: m1\n\nlisten-cleint-urls: http://127.0.0.1:1\n")
        cases = [
            (2, "flag provided but not defined: --data-dirr (did you mean --data-dir?)",
             ["--data-dirr=x"], {}),
            (2, "invalid value for flag --snapshot-count: '-1' is not a whole number from 0 on",
             ["--snapshot-count", "-1"], {}),
            (1, "ETCD_HEARTBEAT_INTERVAL: 'soon' is not", [], {"ETCD_HEARTBEAT_INTERVAL": "soon"}),
            (1, "--election-timeout: 60000 ms is more than 50000 ms",
             ["--election-timeout=60000"], {}),
            (1, f"{path}:3: listen-cleint-urls: unknown key (did you mean listen-client-urls?)",
             ["--config-file", str(path)], {}),
            (1, "--force-new-cluster: ", ["--force-new-cluster"], {}),
            (1, "--discovery-srv: ", ["--discovery-srv=example.org"], {}),
            (1, "--log-outputs: cannot open /does/not/exist: No such file or directory",
             ["--log-outputs=/does/not/exist"], {}),
        ]
        for code, text, arguments, variables in cases:
            with self.subTest(text):
                got_code, line = self.refusal([*data, *arguments], variables)
                self.assertIn(text, line)
                self.assertEqual(got_code, code)

    def test_an_address_in_use_is_named_by_where_it_came_from(self):
        first = self.start(self.own_arguments())
        self.await_ready(first)
        other = self.directory / "other"
        other.mkdir()
        member = Member(other, ["--name=m", "--data-dir=data", f"--listen-peer-urls={self.http}"],
                        {"ETCD_LISTEN_METRICS_URLS": self.client})
        self.addCleanup(member.stop)
        self.assertEqual(member.process.wait(timeout=PATIENCE_S), 1)
        self.assertIn(b"steled: ETCD_LISTEN_METRICS_URLS: ", member.stderr())

    def test_hangup_reopens_log_files(self):
        log, moved = self.directory / "log", self.directory / "log.1"
        member = self.start([*self.own_arguments(), f"--log-outputs=stderr,{log}",
                             "--log-format=console"])
        self.await_ready(member, log)
        self.await_ready(member)
        self.assertNotIn(b'{"level"', log.read_bytes())
        log.rename(moved)
        member.process.send_signal(signal.SIGHUP)
        self.eventually(lambda: log.exists() and b"log files are open anew" in log.read_bytes(),
                        member)
        size = moved.stat().st_size
        member.process.send_signal(signal.SIGTERM)
        self.assertEqual(member.process.wait(timeout=PATIENCE_S), -signal.SIGTERM)
        self.assertIn(b"stopped", log.read_bytes())
        self.assertEqual(moved.stat().st_size, size)

    def test_hangup_while_it_waits_for_others(self):
        log = self.directory / "log"
        arguments = [*self.own_arguments()[:-1],
                     f"--initial-cluster=m={self.peer},n={self.http}", f"--log-outputs={log}"]
        member = self.start(arguments)
        self.eventually(lambda: log.exists() and b"starts: term" in log.read_bytes(), member)
        log.unlink()
        member.process.send_signal(signal.SIGHUP)
        self.eventually(log.exists, member)
        self.assertIsNone(member.process.poll())

    def test_metrics_and_http_have_ports_of_their_own(self):
        member = self.start([*self.own_arguments(), f"--listen-metrics-urls={self.metrics}",
                             f"--listen-client-http-urls={self.http}"])
        self.await_ready(member)
        self.assert_works(self.client)
        for url in (self.metrics, self.http):
            self.assertEqual(self.get(url + "/health")[0], 200)
            self.assertIn("etcd_server_has_leader 1", self.get(url + "/metrics")[1])
        self.assertEqual(self.get(self.client + "/health")[0], 404)
        failed = subprocess.run(
            ["etcdctl", "--endpoints", self.metrics, "--command-timeout=2s", "get", "k"],
            env={**os.environ, "ETCDCTL_API": "3"}, capture_output=True, timeout=PATIENCE_S,
            check=False)
        self.assertNotEqual(failed.returncode, 0)
        member.process.send_signal(signal.SIGTERM)
        self.assertEqual(member.process.wait(timeout=PATIENCE_S), -signal.SIGTERM)

    def test_metrics_are_served_while_there_is_no_leader(self):
        arguments = [*self.own_arguments()[:-1], f"--initial-cluster=m={self.peer},n={self.http}",
                     f"--listen-metrics-urls={self.metrics}"]
        member = self.start(arguments)
        self.eventually(lambda: b"starts: term" in member.stderr(), member)
        self.assertIn("etcd_server_has_leader 0", self.get(self.metrics + "/metrics")[1])
        self.assertEqual(self.get(self.metrics + "/health")[0], 503)

    def test_version_and_help(self):
        for word, text in (("--version", b"steled Version: "), ("--help", b"\nClustering:\n")):
            done = subprocess.run([SERVER, word], capture_output=True, timeout=PATIENCE_S,
                                  check=False)
            self.assertEqual((done.returncode, done.stderr), (0, b""))
            self.assertIn(text, done.stdout)


if __name__ == "__main__":
    SERVER = sys.argv[sys.argv.index("--server") + 1]
    unittest.main(argv=sys.argv[:1])
