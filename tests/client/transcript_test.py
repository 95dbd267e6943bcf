"""Runs the same commands through etcd's command line and through stele and compares the outputs.

Two fresh etcd servers with the same identity see the same history, one through each program, so that
even ids and revisions must agree. Standard output, standard error and exit code are compared byte for
byte; what differs by nature (ports, lease ids, times taken) is replaced by a placeholder first, and
stele may say more where etcd's program only says that a deadline has passed.

usage: transcript_test.py STELE_PROGRAM
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

STELE = sys.argv.pop(1)
COMMAND_SECONDS_MAX = 15
START_SECONDS_MAX = 20
STREAM_SECONDS_MAX = 10


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
    """An etcd of one member. The advertised peer address gives it its ids and need not be real."""

    def __init__(self, identity):
        self.directory = tempfile.mkdtemp(prefix="stele-transcript-")
        client, peer = free_ports(2)
        self.port = str(client)
        self.endpoint = f"http://127.0.0.1:{client}"
        self.log = open(os.path.join(self.directory, "log"), "wb")
        self.process = subprocess.Popen(
            ["etcd", "--name", "ref", "--data-dir", os.path.join(self.directory, "data"),
             "--listen-client-urls", self.endpoint, "--advertise-client-urls", self.endpoint,
             "--listen-peer-urls", f"http://127.0.0.1:{peer}",
             "--initial-advertise-peer-urls", identity, "--initial-cluster", f"ref={identity}",
             "--unsafe-no-fsync"],
            stdout=self.log, stderr=subprocess.STDOUT, env=clean_environment())

    def wait_until_ready(self):
        deadline = time.monotonic() + START_SECONDS_MAX
        while time.monotonic() < deadline and self.process.poll() is None:
            probe = subprocess.run(
                ["etcdctl", "--endpoints", self.endpoint, "--command-timeout", "1s", "get", "x"],
                env=clean_environment(), capture_output=True, timeout=COMMAND_SECONDS_MAX)
            if probe.returncode == 0:
                return
        raise RuntimeError("etcd did not start; see " + self.log.name)

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.log.close()
        shutil.rmtree(self.directory)


class Side:
    """One program with the server it talks to."""

    def __init__(self, program, server):
        self.program = program
        self.server = server
        self.leases = []

    def arguments(self, words):
        return [self.program, "--endpoints", self.server.endpoint] + [self.filled(w) for w in words]

    def filled(self, word):
        for number, lease in enumerate(self.leases):
            if isinstance(word, bytes):
                word = word.replace(b"{L%d}" % number, lease.encode())
            else:
                word = word.replace("{L%d}" % number, lease)
        return word

    def run(self, words, stdin=b"", environment=None, endpoints=True):
        arguments = self.arguments(words)
        if not endpoints:
            del arguments[1:3]
        done = subprocess.run(arguments, input=stdin, capture_output=True,
                              env=clean_environment(**(environment or {})),
                              timeout=COMMAND_SECONDS_MAX)
        return self.normal(done.stdout), self.normal(done.stderr), done.returncode

    def grant(self, ttl):
        out, _, _ = self.run(["lease", "grant", str(ttl)])
        self.leases.append(out.split()[1].decode())

    def normal(self, text):
        """The output with everything replaced that differs from server to server."""
        text = text.replace(self.server.port.encode(), b"PORT!")
        for number, lease in enumerate(self.leases):
            text = text.replace(lease.encode(), b"LEASE%d" % number)
            text = text.replace(str(int(lease, 16)).encode(), b"LEASE%d" % number)
        lines = text.splitlines(keepends=True)
        return b"".join(line for line in lines if not line.startswith(b'{"level":"warn"'))


# Numbers that depend on time or on the store's files.
TIMES = [(rb"took = [0-9.]+.?.?s", b"took"), (rb'"took":"[^"]*"', b"took"),
         (rb'"Took" : [0-9.]+.?.?s', b"took"), (rb"remaining\(\d+s\)", b"remaining"),
         (rb'"ttl":\d+', b"ttl"), (rb'"TTL" : \d+', b"ttl"), (rb'"dbSize(InUse)?":\d+', b"size"),
         (rb'"DBSize" : \d+', b"size"), (rb"\d+ kB", b"size"), (rb" [0-9.]+.?.?s \|", b" took|"),
         (rb"-{10,}", b"-"), (rb" {3,}", b" ")]


def blurred(text):
    for pattern, replacement in TIMES:
        text = re.sub(pattern, replacement, text)
    return text


class Transcript(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        identity = f"http://127.0.0.1:{free_ports(1)[0]}"
        cls.servers = [Server(identity), Server(identity)]
        try:
            for server in cls.servers:
                server.wait_until_ready()
        except Exception:
            cls.tearDownClass()
            raise
        cls.theirs = Side("etcdctl", cls.servers[0])
        cls.ours = Side(STELE, cls.servers[1])

    @classmethod
    def tearDownClass(cls):
        for server in cls.servers:
            server.stop()

    def same(self, *words, stdin=b"", blur=False, environment=None, endpoints=True):
        """The command has the same output, errors and exit code in both programs."""
        theirs = self.theirs.run(words, self.theirs.filled(stdin), environment, endpoints)
        ours = self.ours.run(words, self.ours.filled(stdin), environment, endpoints)
        if blur:
            theirs = tuple(blurred(x) if isinstance(x, bytes) else x for x in theirs)
            ours = tuple(blurred(x) if isinstance(x, bytes) else x for x in ours)
        self.assertEqual(theirs, ours, f"command: {words} {stdin}")
        return ours

    def same_error(self, *words):
        """A usage error: same exit code and same first line; stele prints no usage text."""
        theirs = self.theirs.run(words)
        ours = self.ours.run(words)
        self.assertEqual(theirs[2], ours[2], f"command: {words} {ours}")
        self.assertNotEqual(0, ours[2])
        self.assertEqual(b"", ours[0], f"command: {words}")
        first = theirs[1].replace(b"etcdctl", b"stele").splitlines()[0]
        self.assertEqual(first, ours[1].splitlines()[0], f"command: {words}")

    def both(self, *words):
        for side in (self.theirs, self.ours):
            out, err, code = side.run(words)
            self.assertEqual(0, code, f"{side.program} {words}: {out} {err}")

    def fresh(self):
        """Forgets all keys, in the same number of revisions on both sides."""
        self.both("del", "", "--prefix")

    def test_put_and_get(self):
        self.fresh()
        odd = "x\ny\x01\"\u00e9\u2028\t\v\r\\ [a,b] {} \U0001f600 \u00ad"
        self.same("put", "a", "1")
        self.same("put", "a", "2", "--prev-kv")
        self.same("put", "new", "2", "--prev-kv")
        self.same("put", "odd", odd)
        self.same("put", os.fsdecode(b"k\xff"), os.fsdecode(b"\xfe\x00"[:1] + b"z"))
        self.same("put", "[1,2]", "{}")
        self.same("put", "list", "[1,2,3]")
        self.same("put", "--", "dash", "-1")
        self.same("put", "dash", "--", "--prev-kv")
        self.same("put", "stdin", stdin=b"from stdin\n")
        self.same("put", "stdin", "--prev-kv", stdin=b"again")
        for output in ("simple", "fields", "json", "protobuf"):
            for words in (["get", "a"], ["get", "", "--prefix"], ["get", "none"], ["get", "odd"],
                          ["get", "a", "--hex"], ["get", os.fsdecode(b"k\xff")],
                          ["get", "", "--prefix", "--keys-only"], ["get", "a", "p"],
                          ["get", "--from-key", "b"], ["get", "", "--from-key", "--limit", "2"],
                          ["get", "", "--prefix", "--limit=1"], ["get", "[1,2]"],
                          ["put", "a", "3"], ["put", "a", "3", "--prev-kv"]):
                self.same(*words, "-w", output)
        for words in (["--order", "descend"], ["--sort-by", "value"], ["--sort-by=VERSION"],
                      ["--sort-by", "MODIFY", "--order=DESCEND"], ["--sort-by", "create"],
                      ["--sort-by", "key", "--order", "ascend"], ["--consistency", "s"],
                      ["--print-value-only"], ["--hex"], ["--hex", "--keys-only"], ["--rev", "4"]):
            self.same("get", "", "--prefix", *words)
        self.same("get", "a", "b", "c")
        self.same("get", "a", "--rev=-1")
        self.same("--hex", "put", "a", "2", "--prev-kv")

    def test_flag_forms(self):
        self.fresh()
        self.both("put", "s", "v")
        for words in (["-wjson", "get", "s"], ["-w=json", "get", "s"], ["--write-out=json", "get", "s"],
                      ["get", "s", "--write-out", "json"], ["--hex=true", "get", "s"],
                      ["get", "s", "--hex=f"], ["get", "--limit=0x10", "s"],
                      ["--command-timeout=1h2m3.5s", "get", "s"], ["--insecure-transport", "get", "s"],
                      ["get", "s", "--debug=false"]):
            self.same(*words)

    def test_environment(self):
        self.fresh()
        self.both("put", "s", "v")
        for name, value in (("WRITE_OUT", "json"), ("HEX", "true"), ("COMMAND_TIMEOUT", "3s")):
            self.same("get", "s", environment={"ETCDCTL_" + name: value})
        ours, port = self.ours, self.ours.server.endpoint
        json = ours.run(["get", "s", "-w", "json"])
        simple = (b"s\nv\n", b"", 0)
        self.assertEqual(json, ours.run(["get", "s"], environment={"STELE_WRITE_OUT": "json"}))
        self.assertEqual(simple, ours.run(["get", "s", "-w", "simple"],
                                          environment={"STELE_WRITE_OUT": "json"}))
        self.assertEqual(json, ours.run(["get", "s"], environment={
            "STELE_WRITE_OUT": "json", "ETCDCTL_WRITE_OUT": "fields"}))
        for name in ("STELE_ENDPOINTS", "ETCDCTL_ENDPOINTS"):
            self.assertEqual(simple, ours.run(["get", "s"], environment={name: port},
                                              endpoints=False))

    def test_delete(self):
        self.fresh()
        for output in ("simple", "fields", "json", "protobuf"):
            for key in ("d1", "d2", "e"):
                self.both("put", key, "value of " + key)
            for words in (["d1", "--prev-kv"], ["none"], ["none", "--prev-kv"],
                          ["d", "--prefix", "--prev-kv"], ["a", "z", "--prev-kv"], ["--from-key", "x"]):
                self.same("del", *words, "-w", output)
        self.both("put", "a", "1")
        self.same("del", "", "--prefix")

    def test_txn(self):
        self.fresh()
        self.both("put", "k1", "v1")
        self.both("put", "k2", "v2")
        texts = [
            b'mod("k1") > "0"\n\nput k2 "hello \\"world\\"\\n"\nget k1\n\nput k3 x\n\n',
            b'value("k1") = "nope"\n\nput k2 a\n\nput k3 x --prev-kv\ndel k2 --prev-kv\nget "" --prefix\n\n',
            b'version("k1") = "1"\ncreate("k1") > "1"\nval("k1") = "v1"\nm("k1") > "1"\n\nget k1 --keys-only\n\n\n',
            b"\n\n\n",
            b"\n\nput 'single quoted' \"double\\tquoted\"\nput k9 bare-word\nget k8 --limit=1\n\n",
            b'c("nope") = "0"\nval("k1") < "w"\nver("k1") != "7"\n\ndel k1 k9 --prev-kv\n\n\n',
        ]
        for text in texts:
            for output in ("simple", "fields", "json", "protobuf"):
                self.same("txn", "-w", output, stdin=text)
        self.same("txn", "-i", stdin=texts[0])
        self.same("txn", "--interactive", stdin=texts[1])
        for text in (b"garbage\n\n\n\n", b'mod(k1) > "0"\n\n\n\n', b'mod("k1") > 0\n\n\n\n',
                     b'mod("k1") > "x"\n\n\n\n', b'foo("k1") > "1"\n\n\n\n', b'mod("k1")>"1"\n\n\n\n',
                     b"", b"\n", b"\nbogus a\n\n\n", b"\nget\n\n\n", b"\nget x\n\nput q 1",
                     b"\nput q 1\nput q 2\n\n\n", b"\ndel a b c\n\n\n", b"\nget a --order up\n\n\n",
                     b'modified("k1") > "1"\n\n\n\n'):
            self.same("txn", stdin=text)
        self.same("txn", "extra")

    def test_leases(self):
        self.fresh()
        self.same("lease", "list", "-w", "json")
        self.same("lease", "list")
        for side in (self.theirs, self.ours):
            side.grant(1000)
        self.same("put", "lk", "v", "--lease={L0}")
        self.same("put", "lk2", "v", "--lease", "{L0}")
        self.same("get", "lk", "-w", "json")
        self.same("get", "lk", "-w", "fields")
        for output in ("simple", "fields", "json"):
            self.same("lease", "timetolive", "{L0}", "-w", output, blur=True)
            self.same("lease", "timetolive", "{L0}", "--keys", "-w", output, blur=True)
            self.same("lease", "timetolive", "1234", "-w", output)
            self.same("lease", "timetolive", "1234", "--keys", "-w", output)
            self.same("lease", "list", "-w", output)
            self.same("lease", "keep-alive", "{L0}", "--once", "-w", output)
        self.same("lease", "keep-alive", "1234", "--once")
        self.same("lease", "keep-alive", "1234")
        self.same("lease", "revoke", "1234")
        self.same("lease", "grant", "99999999999")
        self.same("lease", "revoke", "{L0}")
        self.same("get", "lk")
        for output in ("fields", "json"):
            for side in (self.theirs, self.ours):
                side.grant(1000)
            number = len(self.ours.leases) - 1
            self.same("lease", "revoke", "{L%d}" % number, "-w", output)
        for output in ("simple", "fields", "json"):
            grants = [re.sub(rb"(lease |\"ID\"( : |:))[0-9a-f]+", b"ID",
                             side.run(["lease", "grant", "1000", "-w", output])[0])
                      for side in (self.theirs, self.ours)]
            self.assertEqual(*grants)

    def test_cluster(self):
        self.fresh()
        for output in ("simple", "fields", "json", "table", "protobuf"):
            self.same("member", "list", "-w", output)
        self.same("member", "list", "--hex")
        for output in ("simple", "fields", "json", "table"):
            for words in (["status"], ["status", "--cluster"], ["health"], ["health", "--cluster"],
                          ["--cluster", "health"]):
                self.same("endpoint", *words, "-w", output, blur=True)

    def test_compaction(self):
        self.fresh()
        for flags in ([], ["--physical"], ["-w", "json"]):
            self.both("put", "a", "1")
            out, _, _ = self.ours.run(["get", "a", "-w", "json"])
            revision = re.search(rb'"revision":(\d+)', out).group(1).decode()
            self.same("compaction", revision, *flags)
        self.same("compaction", revision)
        self.same("compaction", "100000000")
        self.same("compaction", "x")
        self.same("get", "a", "--rev", "1")
        self.same("watch", "a", "--rev", "1")
        self.same("watch", "a", "--rev", "1", "-w", "json")
        self.same("watch", "a", "--rev", "1", "-w", "fields")

    def test_errors(self):
        self.fresh()
        for words in (["get"], ["get", "a", "b", "--prefix"], ["get", "a", "--prefix", "--from-key"],
                      ["get", "a", "--order", "X"], ["get", "a", "--sort-by", "mod"],
                      ["get", "a", "--consistency", "x"], ["get", "a", "-w", "table"],
                      ["get", "a", "-w", "bad"], ["get", "a", "--print-value-only", "-w", "json"],
                      ["get", "a", "--rev", "1000000"], ["get", ""], ["put"], ["put", "a"],
                      ["put", "a", "b", "--ignore-value"], ["put", "nope", "--ignore-value"],
                      ["put", "a", "b", "--lease=zz"], ["put", "a", "b", "--lease=123"],
                      ["put", "", "b"], ["del"], ["del", "a", "b", "c"],
                      ["del", "a", "--prefix", "--from-key"], ["lease", "grant"],
                      ["lease", "grant", "x"], ["lease", "grant", "1", "2"], ["lease", "revoke"],
                      ["lease", "revoke", "zz"], ["lease", "timetolive"], ["lease", "timetolive", "zz"],
                      ["lease", "keep-alive"], ["lease", "keep-alive", "zz"], ["compaction"],
                      ["compaction", "1", "2"], ["watch"], ["watch", "a", "b", "--prefix"],
                      ["lease", "list", "-w", "table"], ["endpoint", "status", "-w", "protobuf"]):
            self.same(*words)
        for words in (["nosuch"], ["get", "--nosuch"], ["get", "a", "--limit", "x"],
                      ["get", "a", "--rev"], ["get", "a", "--keys-only=maybe"], ["-w"],
                      ["--command-timeout=5", "get", "a"], ["get", "-x"],
                      ["compaction", "-1"], ["get", "a", "--limit=99999999999999999999"]):
            self.same_error(*words)

    def test_unreachable(self):
        (port,) = free_ports(1)
        for words in (["get", "a"], ["put", "a", "b"], ["member", "list"], ["compaction", "1"],
                      ["endpoint", "health", "--cluster"], ["lease", "list"]):
            done = subprocess.run([STELE, "--endpoints", f"127.0.0.1:{port}", "--dial-timeout=300ms"]
                                  + words, capture_output=True, env=clean_environment(),
                                  timeout=COMMAND_SECONDS_MAX)
            self.assertEqual((1, b""), (done.returncode, done.stdout), words)
            self.assertEqual(1, done.stderr.count(b"\n"), done.stderr)
            self.assertIn(b"cannot connect to 127.0.0.1:%d" % port, done.stderr)
        # One dead endpoint among living ones is no obstacle.
        out, err, code = self.ours.run(["del", "none"], endpoints=False, environment={
            "STELE_ENDPOINTS": f"127.0.0.1:{port},{self.ours.server.endpoint}"})
        self.assertEqual((b"0\n", b"", 0), (out, err, code))

    def stream_both(self, words, stdin=None, meanwhile=None):
        """Both programs, running until their outputs agree; answers the output."""
        processes, files = [], []
        try:
            for side in (self.theirs, self.ours):
                files.append(tempfile.TemporaryFile())
                processes.append(subprocess.Popen(side.arguments(words), stdout=files[-1],
                                                  stdin=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                                  env=clean_environment()))
                if stdin is not None:
                    processes[-1].stdin.write(stdin)
                    processes[-1].stdin.flush()
            deadline = time.monotonic() + STREAM_SECONDS_MAX
            theirs, ours = b"", b"?"
            while time.monotonic() < deadline:
                theirs, ours = (side.normal(os.pread(file.fileno(), 1 << 20, 0))
                                for side, file in zip((self.theirs, self.ours), files))
                if theirs and theirs == ours:
                    if meanwhile is None:
                        return ours
                    meanwhile()
                    meanwhile = None
                    while all(p.poll() is None for p in processes) and time.monotonic() < deadline:
                        time.sleep(0.02)
                time.sleep(0.02)
            self.assertEqual(theirs, ours, f"command: {words}")
            return ours
        finally:
            for process in processes:
                process.send_signal(signal.SIGKILL)
                process.wait()
                process.stdin.close()
            for file in files:
                file.close()

    def test_watch(self):
        self.fresh()
        out, _, _ = self.ours.run(["get", "a", "-w", "json"])
        start = int(re.search(rb'"revision":(\d+)', out).group(1)) + 1
        self.both("put", "a", "1")
        self.both("put", "ab", "2")
        self.both("del", "a")
        self.both("put", "b", "3")
        for side in (self.theirs, self.ours):
            side.run(["txn"], stdin=b"\nput a 4\nput ac 5\n\n\n")
        since = ["--rev", str(start)]
        for output in ("simple", "fields", "json", "protobuf"):
            self.stream_both(["watch", "a", "--prefix", "--prev-kv", "-w", output] + since)
        self.stream_both(["watch", "a", "--hex"] + since)
        self.stream_both(["watch", "a", "ac"] + since)
        self.stream_both(["watch", "", "--prefix"] + since)
        self.stream_both(["watch"] + since + ["a", "--", "sh", "-c", "env | grep ETCD_WATCH | sort"])
        self.stream_both(["watch", "-i"], stdin=b"watch a --rev %d -- echo hi\n" % start)
        self.same("watch", "-w", "simple", "-i", stdin=b"foo\n")
        self.same("watch", "-i", stdin=b"watch\n")

    def test_keep_alive(self):
        for side in (self.theirs, self.ours):
            side.grant(2)
        lease = "{L%d}" % (len(self.ours.leases) - 1)

        def revoke():
            self.both("lease", "revoke", lease)

        out = self.stream_both(["lease", "keep-alive", lease], meanwhile=revoke)
        self.assertTrue(out.endswith(b"expired or revoked.\n"), out)


if __name__ == "__main__":
    unittest.main()
