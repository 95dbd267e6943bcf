#!/usr/bin/env python3
"""Every workload of stele-bench, briefly, against one member of etcd or steled.

    workloads_smoke.py STELE_BENCH DAEMON
"""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent / "bench"))

from comparison.load import Generator  # noqa: E402
from comparison.member import Cluster  # noqa: E402

KEYS = ["--key-space=1000", "--value-size=100"]


class Workloads(unittest.TestCase):
    generator = daemon = ""

    @classmethod
    def setUpClass(cls):
        cls.directory = cls.enterClassContext(tempfile.TemporaryDirectory())
        cls.member = cls.enterClassContext(
            Cluster(cls.daemon, cls.directory, Generator(cls.generator).answers))

    def load(self, *arguments):
        command = [self.generator, *arguments, "--endpoints", ",".join(self.member.endpoints), "--json"]
        run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(run.returncode, 0, run.stderr)
        result = json.loads(run.stdout)
        self.assertEqual(result["errors"], 0, result["errors_by_kind"])
        self.assertEqual(result["given_up"], "")
        self.assertGreater(result["own_cpu_us_per_operation"], 0)
        return result

    def test_put(self):
        for keys in ("sequential", "random", "one"):
            result = self.load("put", "--total=300", "--clients=10", "--conns=2", f"--keys={keys}", *KEYS)
            self.assertEqual(result["ok"], 300)

    def test_put_of_large_values(self):
        self.assertEqual(self.load("put", "--total=4", f"--value-size={1 << 20}")["ok"], 4)

    def test_put_at_a_rate(self):
        result = self.load("put", "--rate=200", "--duration=500ms", "--clients=20", *KEYS)
        self.assertEqual(result["ok"], 100)
        self.assertGreater(result["longest_gap_s"], 0)

    def test_range(self):
        for more in ([], ["--serializable"]):
            result = self.load("range", "--prefill", "--total=200", "--clients=10", *KEYS, *more)
            self.assertEqual(result["ok"], 200)
            self.assertGreater(result["response_bytes"], 200 * 100)

    def test_list(self):
        result = self.load("list", "--prefill", "--total=5", "--list-keys=500", *KEYS)
        self.assertEqual(result["ok"], 5)
        self.assertGreater(result["response_bytes"], 5 * 500 * 100)

    def test_page(self):
        result = self.load("page", "--prefill", "--total=4", "--page-size=100", *KEYS)
        self.assertGreater(result["response_bytes"], 4 * 100 * 100)
        self.assertLess(result["response_bytes"], 4 * 200 * 200)

    def test_count(self):
        result = self.load("count", "--prefill", "--total=5", *KEYS)
        self.assertLess(result["response_bytes"], 5 * 100)

    def test_txn(self):
        for puts in (1, 10, 100):
            self.assertEqual(self.load("txn", f"--txn-ops={puts}", "--total=20", *KEYS)["ok"], 20)

    def test_mixed(self):
        operations = self.load("mixed", "--prefill", "--total=400", "--clients=4", *KEYS)["operations"]
        self.assertEqual(operations["range"]["ok"] + operations["put"]["ok"], 400)

    def test_watch_fanout(self):
        result = self.load("watch-fanout", "--watchers=50", "--conns=3", "--total=40", *KEYS)
        self.assertEqual(result["ok"], 40)
        self.assertEqual(result["events"], 40 * 50)
        both = result["operations"]
        self.assertGreaterEqual(both["to last"]["max_us"], both["to last"]["p50_us"])
        self.assertEqual(both["put"]["ok"], 40)

    def test_watch_fanout_at_a_rate(self):
        result = self.load("watch-fanout", "--watchers=20", "--streams=4", "--conns=2", "--clients=10",
                           "--rate=100", "--duration=500ms", *KEYS)
        self.assertEqual(result["ok"], 50)
        self.assertEqual(result["events"], 50 * 20)

    def test_watch_catchup(self):
        result = self.load("watch-catchup", "--history=700", "--total=6", "--clients=2", *KEYS)
        self.assertEqual(result["ok"], 6)
        self.assertGreaterEqual(result["events"], 6 * 700)

    def test_lease_grant(self):
        self.assertEqual(self.load("lease-grant", "--total=50", "--clients=5")["ok"], 50)

    def test_lease_keepalive(self):
        result = self.load("lease-keepalive", "--leases=50", "--total=200", "--clients=5")
        self.assertEqual(result["ok"], 200)


if __name__ == "__main__":
    Workloads.generator, Workloads.daemon = sys.argv[1:3]
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])
