"""Keys, txns, leases, members and watches: stele prints what etcdctl prints. See transcript.py."""

import os
import re
import subprocess
import unittest

from test_server import clean_environment, free_ports
from transcript import COMMAND_SECONDS_MAX, STELE, Transcript, suite_of


class Basics(Transcript):
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


def load_tests(_loader, _tests, _pattern):
    return suite_of(Basics)


if __name__ == "__main__":
    unittest.main()
