"""What etcdctl 3.4 is used for beside keys and leases: locks, elections, mirrors, alarms, maintenance;
and etcd's own gRPC proxy, another client of the same kind, between the two.
usage: etcdctl_uses_test.py --server STELED

STELE_PROCESS_SCALE above 1 runs `etcdctl check perf` as well, which takes a minute.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

from etcdctl_cluster import (PATIENCE_S, Cluster, die_with_parent, etcdctl_environment,
                             free_ports)
from wire_client import WireClient, rpc

SERVER = sys.argv[sys.argv.index("--server") + 1]
IS_STELE = SERVER.endswith("steled")


def eventually(fact):
    deadline = time.monotonic() + PATIENCE_S
    while not fact():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def start(endpoints, *words):
    return subprocess.Popen(["etcdctl", *words], env=etcdctl_environment(endpoints), text=True,
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, preexec_fn=die_with_parent)


def run(endpoints, *words, stdin=""):
    return subprocess.run(["etcdctl", *words], env=etcdctl_environment(endpoints), text=True,
                          input=stdin, capture_output=True, timeout=PATIENCE_S, check=False)


def interrupt(process):
    process.send_signal(signal.SIGINT)
    return process.communicate(timeout=PATIENCE_S)


class EtcdctlTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory(prefix="stele-etcdctl-")
        cls.cluster = Cluster(SERVER, f"{cls.directory.name}/run", members=3)
        cls.endpoints = cls.cluster.clients

    @classmethod
    def tearDownClass(cls):
        cls.cluster.stop()
        cls.directory.cleanup()

    def etcdctl(self, *words, **more):
        done = run(self.endpoints, *words, **more)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def start(self, endpoints, *words):
        process = start(endpoints, *words)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process

    def wire(self, member=0):
        client = WireClient(self.endpoints[member])
        self.addCleanup(client.close)
        return client


class LockTest(EtcdctlTest):
    def test_a_command_runs_under_the_lock(self):
        self.etcdctl("put", "count", "0")
        script = 'n=$(etcdctl get count --print-value-only); etcdctl put count $((n+1))'
        runs = [self.start([self.endpoints[i % 3]], "lock", "counting", "--", "sh", "-c", script)
                for i in range(8)]
        for each in runs:
            out, err = each.communicate(timeout=PATIENCE_S)
            self.assertEqual((out, each.returncode), ("OK\n", 0), err)
        self.assertEqual(self.etcdctl("get", "count", "--print-value-only"), "8\n")
        self.assertEqual(self.etcdctl("get", "counting/", "--prefix", "--keys-only"), "")

    def test_held_until_interrupted(self):
        first = self.start(self.endpoints, "lock", "held", "--ttl=60")
        key = first.stdout.readline().strip()
        self.assertRegex(key, r"^held/[0-9a-f]+$")
        second = self.start(self.endpoints[1:], "lock", "held")
        self.assertTrue(eventually(lambda: len(
            self.etcdctl("get", "held/", "--prefix", "--keys-only").split()) == 2))
        self.assertIsNone(second.poll())
        interrupt(first)
        self.assertNotEqual(second.stdout.readline().strip(), key)
        interrupt(second)

    def test_a_killed_holder_loses_it(self):
        first = self.start(self.endpoints, "lock", "killed", "--ttl=2")
        first.stdout.readline()
        first.kill()
        second = self.start(self.endpoints, "lock", "killed")
        self.assertRegex(second.stdout.readline(), r"^killed/[0-9a-f]+\n$")
        interrupt(second)


class ElectTest(EtcdctlTest):
    def test_campaign_and_observe(self):
        first = self.start(self.endpoints, "elect", "chief", "one")
        self.assertRegex(first.stdout.readline(), r"^chief/[0-9a-f]+\n$")
        self.assertEqual(first.stdout.readline(), "one\n")
        observer = self.start(self.endpoints[1:], "elect", "-l", "chief")
        observer.stdout.readline()
        self.assertEqual(observer.stdout.readline(), "one\n")
        second = self.start(self.endpoints[2:], "elect", "chief", "two")
        self.assertTrue(eventually(lambda: len(
            self.etcdctl("get", "chief/", "--prefix", "--keys-only").split()) == 2))
        interrupt(first)
        second.stdout.readline()
        self.assertEqual(second.stdout.readline(), "two\n")
        observer.stdout.readline()
        self.assertEqual(observer.stdout.readline(), "two\n")
        interrupt(second)
        interrupt(observer)


class MirrorTest(EtcdctlTest):
    def test_make_mirror(self):
        for i in range(300):
            self.wire().put(b"src/%03d" % i, b"%d" % i)
        with tempfile.TemporaryDirectory(prefix="stele-mirror-") as directory:
            target = Cluster(SERVER, f"{directory}/run", members=1)
            client = WireClient(target.clients[0])
            mirror = self.start(self.endpoints, "make-mirror", "--prefix=src/", "--dest-prefix=dst/",
                           target.clients[0])

            def mirrored():
                found = client.range(b"dst/", range_end=b"dst0")
                return {kv.key.decode(): kv.value.decode() for kv in found.kvs}
            expected = {f"dst/{i:03d}": str(i) for i in range(300)}
            self.assertTrue(eventually(lambda: mirrored() == expected), len(mirrored()))
            self.etcdctl("put", "src/new", "x")
            self.etcdctl("del", "src/000", "src/100")
            self.etcdctl("txn", stdin="\nput src/100 a\nput src/200 b\n\n\n")
            for i in range(100):
                del expected[f"dst/{i:03d}"]
            expected.update({"dst/new": "x", "dst/100": "a", "dst/200": "b"})
            self.assertTrue(eventually(lambda: mirrored() == expected))
            self.assertIsNone(mirror.poll())
            client.close()
            target.stop()


class WatchTest(EtcdctlTest):
    def test_with_a_command(self):
        watch = self.start(self.endpoints, "watch", "w/", "--prefix", "--prev-kv", "--", "sh", "-c",
                      'echo "$ETCD_WATCH_EVENT_TYPE $ETCD_WATCH_KEY $ETCD_WATCH_VALUE"')
        time.sleep(0.5)  # It says nothing before the first event.
        self.etcdctl("put", "w/a", "1")
        self.etcdctl("del", "w/a")
        lines = []
        while not any("DELETE" in line for line in lines):
            line = watch.stdout.readline()
            self.assertNotEqual(line, "")
            lines.append(line.strip())
        interrupt(watch)
        self.assertIn('"PUT" "w/a" "1"', lines)

    def test_resumes_when_its_member_dies(self):
        watch = self.start(self.endpoints, "watch", "r/", "--prefix")
        seen = []
        time.sleep(0.5)
        for i in range(9):
            if i % 3 == 1:
                self.cluster.kill_member(i // 3)
            self.assertTrue(eventually(
                lambda: run(self.endpoints, "put", f"r/{i}", str(i)).returncode == 0))
            if i % 3 == 2:
                self.cluster.start_member(i // 3)
                self.assertTrue(eventually(
                    lambda: run([self.endpoints[i // 3]], "get", "r/0").returncode == 0))
        while not seen or seen[-1] != "8":
            self.assertEqual(watch.stdout.readline(), "PUT\n")
            watch.stdout.readline()
            seen.append(watch.stdout.readline().strip())
        interrupt(watch)
        self.assertEqual(list(dict.fromkeys(seen)), [str(i) for i in range(9)])

    def test_lease_keep_alive(self):
        lease = self.etcdctl("lease", "grant", "2").split()[1]
        self.etcdctl("put", "kept", "x", f"--lease={lease}")
        alive = self.start(self.endpoints, "lease", "keep-alive", lease)
        self.assertEqual(alive.stdout.readline(), f"lease {lease} keepalived with TTL(2)\n")
        time.sleep(3)  # Longer than it would live by itself.
        self.assertEqual(self.etcdctl("get", "kept", "--print-value-only"), "x\n")
        self.etcdctl("lease", "revoke", lease)
        out, _ = alive.communicate(timeout=PATIENCE_S)
        self.assertIn(f"lease {lease} expired or revoked.\n", out)


class MaintenanceTest(EtcdctlTest):
    def test_alarms(self):
        self.assertEqual(self.etcdctl("alarm", "list"), "")
        self.assertEqual(self.etcdctl("alarm", "disarm"), "")
        member = int(re.match("[0-9a-f]+", self.etcdctl("member", "list")).group(), 16)
        self.wire().call("Maintenance", "Alarm", action=rpc.AlarmRequest.ACTIVATE,
                         memberID=member, alarm=rpc.NOSPACE)
        self.assertEqual(self.etcdctl("alarm", "list"), f"memberID:{member} alarm:NOSPACE \n")
        refused = run(self.endpoints, "put", "a", "b")
        self.assertEqual(refused.returncode, 1)
        self.assertIn("etcdserver: mvcc: database space exceeded", refused.stderr)
        self.etcdctl("get", "a")  # Reads go on.
        self.assertEqual(self.etcdctl("alarm", "disarm"), f"memberID:{member} alarm:NOSPACE \n")
        self.assertEqual(self.etcdctl("alarm", "list"), "")
        self.etcdctl("put", "a", "b")

    def test_defrag(self):
        told = self.etcdctl("defrag", "--cluster", "--command-timeout=30s")
        self.assertEqual(sorted(told.splitlines()), sorted(
            f"Finished defragmenting etcd member[http://{each}]" for each in self.endpoints))

    def test_hashes_are_the_same_on_all(self):
        for i in range(30):
            self.wire(i % 3).put(b"hash/%d" % (i % 7), b"%d" % i)
        revision = self.wire().delete(b"hash/3").header.revision
        hashes = json.loads(self.etcdctl("endpoint", "hashkv", f"--rev={revision}", "-w", "json"))
        self.assertEqual(len(hashes), 3)
        self.assertEqual(len({each["HashKV"]["hash"] for each in hashes}), 1, hashes)
        simple = self.etcdctl("endpoint", "hashkv", "--cluster").splitlines()
        self.assertTrue(all(re.match(r"^http://127\.0\.0\.1:\d+, \d+$", line) for line in simple))

    def test_move_leader(self):
        status = json.loads(self.etcdctl("endpoint", "status", "-w", "json"))
        leader = status[0]["Status"]["leader"]
        target = next(each["Status"]["header"]["member_id"] for each in status
                      if each["Status"]["header"]["member_id"] != leader)
        told = self.etcdctl("move-leader", f"{target:x}")
        self.assertEqual(told, f"Leadership transferred from {leader:x} to {target:x}\n")
        status = json.loads(self.etcdctl("endpoint", "status", "-w", "json"))
        self.assertEqual({each["Status"]["leader"] for each in status}, {target})

    def test_txn_from_input(self):
        told = self.etcdctl("txn", stdin='version("t") = "0"\n\nput t 1\nget t\n\nget t\n\n')
        self.assertEqual(told, "SUCCESS\n\nOK\n\nt\n1\n")
        told = self.etcdctl("txn", stdin='version("t") = "0"\n\nput t 1\n\nget t\n\n')
        self.assertEqual(told, "FAILURE\n\nt\n1\n")

    @unittest.skipIf(IS_STELE, "Maintenance.Snapshot comes later")
    def test_snapshot(self):
        path = f"{self.directory.name}/snapshot.db"
        saved = run(self.endpoints[:1], "snapshot", "save", path)
        self.assertEqual(saved.returncode, 0, saved.stderr)
        self.etcdctl("snapshot", "status", path)

    @unittest.skipIf(float(os.environ.get("STELE_PROCESS_SCALE", "1")) <= 1, "takes a minute")
    def test_check_perf(self):
        checked = subprocess.run(
            ["etcdctl", "check", "perf", "--load=s", "--auto-compact", "--auto-defrag"],
            env=etcdctl_environment(self.endpoints), text=True, capture_output=True, timeout=120,
            check=False)
        self.assertIn("PASS: Throughput is", checked.stdout)
        self.assertIn("PASS: Slowest request took", checked.stdout)


@unittest.skipIf(shutil.which("etcd") is None, "etcd is not installed")
class ProxyTest(EtcdctlTest):
    """`etcd grpc-proxy` keeps leases alive for others and makes one watch of many."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        address = f"127.0.0.1:{free_ports(1)[0]}"
        cls.proxy = subprocess.Popen(
            ["etcd", "grpc-proxy", "start", f"--endpoints={','.join(cls.endpoints)}",
             f"--listen-addr={address}", f"--data-dir={cls.directory.name}/proxy"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=die_with_parent)
        cls.members, cls.endpoints = cls.endpoints, [address]
        assert eventually(lambda: run(cls.endpoints, "get", "none").returncode == 0)

    @classmethod
    def tearDownClass(cls):
        cls.proxy.kill()
        cls.proxy.wait()
        super().tearDownClass()

    def test_keys(self):
        self.etcdctl("put", "p/a", "1")
        self.assertEqual(run(self.members[1:], "get", "p/a").stdout, "p/a\n1\n")
        told = self.etcdctl("txn", stdin='value("p/a") = "1"\n\nput p/b 2\ndel p/a\n\n\n')
        self.assertEqual(told, "SUCCESS\n\nOK\n\n1\n")
        self.assertEqual(self.etcdctl("get", "p/", "--prefix"), "p/b\n2\n")
        revision = json.loads(self.etcdctl("get", "p/b", "-w", "json"))["header"]["revision"]
        self.etcdctl("compaction", str(revision))
        self.assertEqual(self.etcdctl("get", "p/b", f"--rev={revision}"), "p/b\n2\n")
        early = run(self.endpoints, "get", "p/b", f"--rev={revision - 1}")
        self.assertIn("required revision has been compacted", early.stderr)

    def test_watches_that_become_one(self):
        now = json.loads(self.etcdctl("get", "none", "-w", "json"))["header"]["revision"]
        watches = [self.start(self.endpoints, "watch", "pw/", "--prefix", f"--rev={now + 1}")
                   for _ in range(4)]
        for i in range(10):
            self.etcdctl("put", f"pw/{i}", str(i))
        for watch in watches:
            lines = [watch.stdout.readline().strip() for _ in range(30)]
            self.assertEqual(lines[1::3], [f"pw/{i}" for i in range(10)])

    def test_leases(self):
        lease = self.etcdctl("lease", "grant", "2").split()[1]
        self.etcdctl("put", "pl", "x", f"--lease={lease}")
        alive = self.start(self.endpoints, "lease", "keep-alive", lease)
        self.assertEqual(alive.stdout.readline(), f"lease {lease} keepalived with TTL(2)\n")
        time.sleep(3)  # Longer than it would live by itself.
        self.assertEqual(self.etcdctl("get", "pl", "--print-value-only"), "x\n")
        alive.kill()
        self.assertTrue(eventually(lambda: self.etcdctl("get", "pl") == ""))

    def test_lock(self):
        first = self.start(self.endpoints, "lock", "pk")
        self.assertRegex(first.stdout.readline(), r"^pk/[0-9a-f]+\n$")
        second = self.start(self.endpoints, "lock", "pk", "echo", "inside")
        interrupt(first)
        self.assertEqual(second.communicate(timeout=PATIENCE_S)[0], "inside\n")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])
