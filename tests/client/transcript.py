"""The same commands through etcd's command line and through stele, and their outputs compared.

Two fresh servers with the same identity see the same history, one through each program, so that even
ids and revisions must agree: two etcds, and then two steleds, if there is one. Standard output,
standard error and exit code are compared byte for byte; what differs by nature (ports, lease ids,
times taken) is replaced by a placeholder first, and stele may say more where etcd's program only says
that a deadline has passed.

Tests that use this are called with: STELE_PROGRAM DIRECTORY_OF_STELED
"""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest

from test_server import Server, clean_environment, free_ports, server_programs

STELE = sys.argv.pop(1)
SERVERS = server_programs(sys.argv.pop(1))
COMMAND_SECONDS_MAX = 15
STREAM_SECONDS_MAX = 10


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
        text = NEWER_FIELDS.sub(b"", text)
        lines = text.splitlines(keepends=True)
        return b"".join(line for line in lines if not line.startswith(b'{"level":"warn"'))


# What etcd's program of 3.4 does not know, of servers that are newer, in the order of their fields.
NEWER_FIELDS = re.compile(rb',"(hash_revision|storageVersion|dbSizeQuota|downgradeInfo)":'
                          rb'("[^"]*"|\{[^}]*\}|\d+)')

# Numbers that depend on time or on the store's files.
TIMES = [(rb"took = [0-9.]+.?.?s", b"took"), (rb'"took":"[^"]*"', b"took"),
         (rb'"Took" : [0-9.]+.?.?s', b"took"), (rb"remaining\(\d+s\)", b"remaining"),
         (rb'"ttl":\d+', b"ttl"), (rb'"TTL" : \d+', b"ttl"), (rb'"dbSize(InUse)?":\d+', b"size"),
         (rb'"DBSize" : \d+', b"size"), (rb"\d+ kB", b"size"), (rb" [0-9.]+.?.?s \|", b" took|"),
         (rb"-{10,}", b"-"), (rb" {3,}", b" ")]
# The log's end, which a server of ours moves on by itself: an entry now and then compares states.
TIMES += [(rb'"raft(Applied)?Index":\d+', b"index"), (rb'"Raft(Applied)?Index" : \d+', b"index"),
          (rb"((?:true|false), \d+), \d+, \d+, ", rb"\1, index, "),
          (rb"((?:true|false) \| +\d+ \|) +\d+ \| +\d+ \|", rb"\1 index |")]


def blurred(text):
    for pattern, replacement in TIMES:
        text = re.sub(pattern, replacement, text)
    return text


class Transcript:
    """What cases are made of."""

    program = ""
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        identity = f"http://127.0.0.1:{free_ports(1)[0]}"
        cls.servers = [Server(cls.program, identity), Server(cls.program, identity)]
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


def suite_of(cases):
    """The cases, once for each kind of server."""
    suite = unittest.TestSuite()
    for program in SERVERS:
        case = type("On_" + os.path.basename(program), (cases, unittest.TestCase),
                    {"program": program})
        suite.addTests(unittest.defaultTestLoader.loadTestsFromTestCase(case))
    return suite
