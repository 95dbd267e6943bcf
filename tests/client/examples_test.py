"""Runs the programs of examples/ against etcd and steled.

usage: examples_test.py DIRECTORY_OF_PROGRAMS
"""

import os
import queue
import subprocess
import sys
import threading
import time
import unittest

import test_server

PROGRAMS = sys.argv.pop(1)
LINE_SECONDS_MAX = 20


class Example:
    """A running example whose output is read line by line."""

    def __init__(self, name, *arguments):
        self.process = subprocess.Popen(
            [os.path.join(PROGRAMS, "stele_example_" + name), *arguments],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env=test_server.clean_environment())
        self.lines = queue.Queue()
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            self.lines.put(line.rstrip("\n"))

    def line(self):
        return self.lines.get(timeout=LINE_SECONDS_MAX)

    def end(self, kill=False):
        """Asks it to end, as Ctrl-C does, and answers its exit code."""
        if kill:
            self.process.kill()
        else:
            self.process.terminate()
        code = self.process.wait(timeout=LINE_SECONDS_MAX)
        self.reader.join()
        self.process.stdout.close()
        return code


class Examples:
    """The cases; one class below for each kind of server."""

    program = ""

    @classmethod
    def setUpClass(cls):
        cls.server = test_server.Server(cls.program)
        try:
            cls.server.wait_until_ready()
        except Exception:
            cls.server.stop()
            raise

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def start(self, name, *arguments):
        example = Example(name, self.server.endpoint, *arguments)
        self.addCleanup(lambda: example.process.poll() is None and example.end(kill=True))
        return example

    def etcdctl(self, *words):
        return subprocess.run(["etcdctl", "--endpoints", self.server.endpoint, *words],
                              check=True, capture_output=True, text=True,
                              env=test_server.clean_environment()).stdout

    def wait_for_value(self, key, value):
        deadline = time.monotonic() + LINE_SECONDS_MAX
        found = None
        while found != value:
            self.assertLess(time.monotonic(), deadline, f"{key} is {found!r}, not {value!r}")
            found = self.etcdctl("get", key, "--print-value-only").strip()

    def test_reloading_config(self):
        self.etcdctl("put", "config/web/log-level", "warn")
        self.etcdctl("put", "config/other", "unseen")
        example = self.start("reloading_config", "config/web/")
        self.assertEqual("have log-level warn", example.line())
        self.assertEqual("log-level is warn", example.line())
        self.etcdctl("put", "config/other", "unseen")
        self.etcdctl("put", "config/web/log-level", "debug")
        self.assertEqual("set log-level debug", example.line())
        self.etcdctl("del", "config/web/log-level")
        self.assertEqual("unset log-level ", example.line())
        self.assertEqual(0, example.end())

    def test_leader_election(self):
        first = self.start("leader_election", "elections/s", "one")
        self.assertEqual(["one waits", "one leads"], [first.line(), first.line()])
        second = self.start("leader_election", "elections/s", "two")
        self.assertEqual("two waits", second.line())
        third = self.start("leader_election", "elections/s", "three")
        self.assertEqual("three waits", third.line())
        self.assertEqual(0, first.end())
        # Whoever came to the queue first goes on; the two may have come in any order.
        rest = {"two": second, "three": third}
        keys = self.etcdctl("get", "--prefix", "elections/s/", "--sort-by=CREATE",
                            "--print-value-only").split()
        leader = rest.pop(keys[0])
        self.assertEqual(keys[0] + " leads", leader.line())
        leader.end(kill=True)  # its lease has to run out
        (name, last), = rest.items()
        self.assertEqual(name + " leads", last.line())
        # It works after it said so.
        self.wait_for_value("scheduler/last-run-by", name)
        self.assertEqual(0, last.end())
        self.assertEqual(name + " stops", last.line())

    def test_service_discovery(self):
        first = self.start("service_discovery", "register", "web", "a", "10.0.0.7:80")
        self.assertEqual("registered a", first.line())
        watcher = self.start("service_discovery", "watch", "web")
        self.assertEqual("have a 10.0.0.7:80", watcher.line())
        self.assertEqual("watching", watcher.line())
        second = self.start("service_discovery", "register", "web", "b", "10.0.0.8:80")
        self.assertEqual("up b 10.0.0.8:80", watcher.line())
        self.assertEqual(0, first.end())
        self.assertEqual("down a", watcher.line())
        second.end(kill=True)
        self.assertEqual("down b", watcher.line())
        self.assertEqual(0, watcher.end())


class WithoutServer(unittest.TestCase):
    def test_errors_are_one_line(self):
        (port,) = test_server.free_ports(1)
        for name, arguments in (("reloading_config", ["p/"]), ("leader_election", ["e", "n"]),
                                ("service_discovery", ["watch", "web"])):
            done = subprocess.run([os.path.join(PROGRAMS, "stele_example_" + name),
                                   f"127.0.0.1:{port}", *arguments], capture_output=True, text=True,
                                  timeout=LINE_SECONDS_MAX)
            self.assertEqual((1, 1), (done.returncode, done.stderr.count("\n")), done.stderr)
            self.assertIn(str(port), done.stderr)


def load_tests(loader, _tests, _pattern):
    suite = loader.loadTestsFromTestCase(WithoutServer)
    for program in test_server.server_programs(PROGRAMS):
        case = type("On_" + os.path.basename(program), (Examples, unittest.TestCase),
                    {"program": program})
        suite.addTests(unittest.defaultTestLoader.loadTestsFromTestCase(case))
    return suite


if __name__ == "__main__":
    unittest.main()
