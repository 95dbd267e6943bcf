#!/usr/bin/env python3
"""Every case of the comparison and of the scale case once, a moment each.

    side_by_side_smoke.py STELE_BENCH STELED
"""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

BENCH = pathlib.Path(__file__).resolve().parent.parent.parent / "bench"


class Smoke(unittest.TestCase):
    generator = steled = ""

    def setUp(self):
        self.directory = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))

    def run_script(self, name, *arguments):
        command = [sys.executable, "-B", BENCH / name, "--load", self.generator, "--steled", self.steled,
                   "--work-dir", self.directory, "--out", self.directory / "out", *arguments]
        run = subprocess.run(command, capture_output=True, text=True, timeout=250, check=False)
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        (result,) = (self.directory / "out").glob("*.json")
        return json.loads(result.read_text(encoding="utf-8"))

    def test_side_by_side(self):
        runs = self.run_script("side_by_side", "--tiny", "--rounds", "1")["runs"]
        cases = {(run["case"], run["members"]) for run in runs if "error" not in run}
        for case in [("put-1", 1), ("put-1000", 3), ("list", 1), ("fanout", 1), ("keys-load", 1),
                     ("restart-term", 1), ("restart-kill", 1), ("idle", 3),
                     ("curve-clients", 1), ("curve-value-size", 1), ("curve-members", 1), ("curve-keys", 1)]:
            self.assertIn(case, cases)
        self.assertEqual({run["server"] for run in runs}, {"etcd", "stele"})
        self.assertIn(("failover", 3), {(run["case"], run["members"]) for run in runs})
        # What a server may not know yet is named, and a pause of a busy machine may hide that of a
        # failover; nothing else fails.
        may_be_missing = {"compaction", "defragment", "snapshot", "failover"}
        self.assertLessEqual({run["case"] for run in runs if "error" in run}, may_be_missing,
                             [run for run in runs if "error" in run])
        pictures = [path.name for path in (self.directory / "out").glob("*.svg")]
        self.assertGreater(len(pictures), 10, pictures)

    def test_scale(self):
        stores = self.run_script("scale", "--keys", "4000", "--baseline-keys", "1000", "--seconds", "0.3",
                                 "--overwrites", "500", "--probe-seconds", "3", "--memory", "512")["stores"]
        self.assertEqual(set(stores), {"1000", "4000"})
        for store in stores.values():
            self.assertGreater(store["restart_kill_s"], 0)
            self.assertGreater(store["compaction_max_us"], 0)


if __name__ == "__main__":
    Smoke.generator, Smoke.steled = sys.argv[1:3]
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])
