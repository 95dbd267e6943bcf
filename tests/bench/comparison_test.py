#!/usr/bin/env python3
"""The parts of the comparison that need no daemon: targets, tables and pictures."""

import os
import pathlib
import sys
import unittest
import xml.etree.ElementTree as tree

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent / "bench"))

from comparison import accounting, pictures, report, svg, targets  # noqa: E402


def record(number, server, case, members=1, **figures):
    return {"round": number, "server": server, "members": members, "case": case, **figures}


def puts(etcd, stele, metric="rate"):
    """Rounds of the case with 1,000 clients."""
    return [
        record(number, server, "put-1000", **{metric: value})
        for server, values in (("etcd", etcd), ("stele", stele))
        for number, value in enumerate(values, start=1)
    ]


def row(records, title, members=1):
    (found,) = [r for r in targets.evaluate(records)
                if r.target.title == title and r.target.members == members]
    return found


class Targets(unittest.TestCase):
    def test_the_ratio_is_the_median_of_the_rounds_ratios(self):
        found = row(puts([100, 200, 100], [300, 400, 900]), "puts a second, 1,000 clients")
        self.assertEqual(found.ratios, [3, 2, 9])
        self.assertEqual(found.ratio, 3)
        self.assertEqual((found.etcd, found.stele), (100, 400))
        self.assertTrue(found.passed)
        self.assertFalse(found.reached)

    def test_less_is_better_for_costs(self):
        records = puts([50], [9], "server_us")
        found = row(records, "server CPU a put, 1,000 clients")
        self.assertTrue(found.passed)
        self.assertTrue(found.reached)
        found = row(puts([50], [16], "server_us"), "server CPU a put, 1,000 clients")
        self.assertFalse(found.passed)

    def test_a_bound_of_our_own_figure_needs_no_reference(self):
        records = [record(1, "stele", "restart-term", restart_s=0.5)]
        found = row(records, "restart to first read, SIGTERM")
        self.assertTrue(found.passed)
        self.assertFalse(found.reached)

    def test_several_runs_of_a_round_count_as_their_median(self):
        records = [record(1, "etcd", "failover", 3, failover_s=1.3)]
        records += [record(1, "stele", "failover", 3, failover_s=s) for s in (0.2, 0.3, 9)]
        found = row(records, "failover, kill -9 of the leader", 3)
        self.assertEqual(found.stele, 0.3)
        self.assertTrue(found.reached)

    def test_what_is_missing_says_why(self):
        records = [record(1, "stele", "snapshot", error="etcdctl snapshot: not there"),
                   record(1, "etcd", "snapshot", seconds=1.5)]
        found = row(records, "snapshot save")
        self.assertIsNone(found.passed)
        self.assertIn("not there", found.note)
        self.assertEqual(row(records, "idle CPU").note, "not measured in this run")

    def test_a_refusal_of_etcd_does_not_hide_steles_figure(self):
        records = [record(1, "etcd", "compaction", error="timed out"),
                   record(1, "stele", "compaction", p99_us=4000, max_us=9000)]
        self.assertTrue(row(records, "puts during compaction, p99").reached)


class Report(unittest.TestCase):
    def test_tables_are_rectangular(self):
        records = puts([100], [300]) + [record(1, "stele", "snapshot", error="no | way")]
        for rows in (list(report.target_rows(records)), list(report.case_rows(records))):
            self.assertEqual({len(cells) for cells in rows}, {len(rows[0])})

    def test_markdown_has_every_target_and_every_doubt(self):
        records = puts([100], [300]) + [
            record(1, "etcd", "put-1", rate=5, errors=2, errors_by_kind={"too many": 2},
                   foreign_cpu_share=0.5)]
        about = {"date": "2026-01-02", "machine": accounting.machine_description(), "scale": "short",
                 "rounds": 1, "commit": "abc", "etcd": "etcd 3.4", "steled": "steled 0.1"}
        text = report.markdown(about, records, ["a.svg"])
        for target in targets.TARGETS:
            self.assertIn(target.title, text)
        for part in ("2 x too many", "50%", "(a.svg)", ">= 2.5x", "1 of 26 rows pass"):
            self.assertIn(part, text)


class Pictures(unittest.TestCase):
    def test_every_picture_is_well_formed(self):
        distribution = [[0, 10], [50, 100], [99, 1000], [99.99, 5000], [100, 90000]]
        records = [record(1, server, "put-1000", percent_us=distribution) for server in ("etcd", "stele")]
        records += [record(1, "stele", "curve-clients", x=x, rate=x * 10.0, server_us=5.0, p99_us=3.0)
                    for x in (1, 10, 100)]
        drawn = pictures.draw(records)
        self.assertEqual(set(drawn), {"latency-put-1000-1", "rate-over-clients",
                                      "server-over-clients", "p99-over-clients"})
        for text in drawn.values():
            self.assertEqual(tree.fromstring(text).tag, "{http://www.w3.org/2000/svg}svg")

    def test_points_stay_inside_the_axes(self):
        axis = svg.log_axis("x", [3, 700])
        self.assertEqual(axis.position(1, 0, 100), 0)
        self.assertEqual(axis.position(1000, 0, 100), 100)
        axis = svg.nines_axis("percentile")
        self.assertAlmostEqual(axis.position(99, 0, 100), 50)
        self.assertAlmostEqual(axis.position(99.99, 0, 100), 100)
        for values in ([0], [7], [0.2, 99], [123456]):
            self.assertLessEqual(svg.linear_axis("y", values).position(max(values), 0, 1), 1)

    def test_texts_are_escaped(self):
        axis = svg.linear_axis("a < b", [1])
        tree.fromstring(svg.line_chart("<&>", axis, axis, {"x & y": [(0, 1)]}))


class Accounting(unittest.TestCase):
    def test_cpu_of_a_process_grows_with_its_work(self):
        before = accounting.process_cpu_seconds(os.getpid())
        sum(range(2_000_000))
        self.assertGreater(accounting.process_cpu_seconds(os.getpid()), before)


if __name__ == "__main__":
    unittest.main()
