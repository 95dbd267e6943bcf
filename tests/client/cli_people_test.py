"""What stele does that etcd's command line cannot be compared with: mirrors that are watched, checks
that are short, completion in real shells, progress and advice on a terminal, locks that are lost.

usage: cli_people_test.py STELE_PROGRAM DIRECTORY_OF_STELED
"""

import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import time
import unittest

from test_server import Server, clean_environment, free_ports, server_programs

STELE = sys.argv.pop(1)
SERVERS = server_programs(sys.argv.pop(1))
SECONDS_MAX = 20


def run(*words, stdin=b""):
    return subprocess.run([STELE, *words], input=stdin, capture_output=True, timeout=SECONDS_MAX,
                          env=clean_environment())


def on_terminal(*words):
    """What the program writes to a terminal on its standard error."""
    master, slave = pty.openpty()
    process = subprocess.Popen([STELE, *words], stdout=subprocess.DEVNULL, stderr=slave,
                               stdin=subprocess.DEVNULL, env=clean_environment())
    os.close(slave)
    text = b""
    try:
        while piece := os.read(master, 1 << 16):
            text += piece
    except OSError:  # the other side is closed
        pass
    os.close(master)
    process.wait(timeout=SECONDS_MAX)
    return text


class CommandLine(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        # The source is always etcd; the destination is steled, if there is one.
        cls.servers = [Server("etcd"), Server(SERVERS[-1])]
        try:
            for server in cls.servers:
                server.wait_until_ready()
        except Exception:
            cls.tearDownClass()
            raise
        cls.source, cls.destination = cls.servers

    @classmethod
    def tearDownClass(cls):
        for server in cls.servers:
            server.stop()

    def on(self, server, *words, stdin=b""):
        done = run("--endpoints", server.endpoint, *words, stdin=stdin)
        self.assertEqual(0, done.returncode, (words, done.stderr))
        return done.stdout

    def wait_for(self, condition):
        deadline = time.monotonic() + SECONDS_MAX
        while not condition():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.02)

    def start(self, server, *words):
        process = subprocess.Popen([STELE, "--endpoints", server.endpoint, *words],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   env=clean_environment())

        def end():
            if process.poll() is None:
                process.kill()
            process.communicate()

        self.addCleanup(end)
        return process

    def contents(self, server, prefix):
        return self.on(server, "get", "--prefix", prefix)

    def test_mirror(self):
        for number in range(3):
            self.on(self.source, "put", f"m/{number:03}", str(number))
        self.on(self.source, "txn", stdin=b"\n" + b"".join(
            b"put m/t%d %d\n" % (i, i) for i in range(120)) + b"\n\n")
        self.on(self.source, "put", "other", "stays")
        mirror = self.start(self.source, "make-mirror", self.destination.endpoint, "--prefix", "m/",
                            "--dest-prefix", "copy/", "--max-txn-ops=50")

        def moved():
            return self.contents(self.source, "m/").replace(b"m/", b"copy/")

        self.wait_for(lambda: self.contents(self.destination, "copy/") == moved())
        self.on(self.source, "put", "m/000", "changed")
        self.on(self.source, "del", "m/001")
        self.on(self.source, "txn", stdin=b"\nput m/a 1\ndel m/t1\nput m/b 2\n\n\n")
        self.wait_for(lambda: self.contents(self.destination, "copy/") == moved())
        self.assertEqual(b"", self.contents(self.destination, "other"))
        revisions = re.findall(rb'"ModRevision" : (\d+)', self.on(
            self.destination, "get", "copy/a", "copy/c", "-w", "fields"))
        self.assertEqual(1, len(set(revisions)), revisions)  # one txn there, too

        # A destination that was away gets what it has missed.
        self.destination.process.send_signal(signal.SIGSTOP)
        self.on(self.source, "put", "m/late", "1")
        self.destination.process.send_signal(signal.SIGCONT)
        self.wait_for(lambda: self.contents(self.destination, "copy/") == moved())
        self.assertIsNone(mirror.poll())

    def test_mirror_to_the_root_and_from_a_revision(self):
        out = self.on(self.source, "put", "r/before", "1", "-w", "json")
        revision = int(re.search(rb'"revision":(\d+)', out).group(1))
        self.on(self.source, "put", "r/after", "2")
        self.start(self.source, "make-mirror", self.destination.endpoint, "--prefix", "r/",
                   "--no-dest-prefix", "--rev", str(revision + 1))
        self.wait_for(lambda: self.contents(self.destination, "after") == b"after\n2\n")
        self.assertEqual(b"", self.contents(self.destination, "before"))

    def test_mirror_errors(self):
        (port,) = free_ports(1)
        done = run("--endpoints", self.source.endpoint, "--dial-timeout=300ms", "make-mirror",
                   f"127.0.0.1:{port}")
        self.assertEqual((2, b""), (done.returncode, done.stdout))
        self.assertEqual(1, done.stderr.count(b"\n"))
        self.assertIn(b"cannot use the destination 127.0.0.1:%d" % port, done.stderr)
        out = self.on(self.source, "put", "c/a", "1", "-w", "json")
        self.on(self.source, "compaction", re.search(rb'"revision":(\d+)', out).group(1).decode())
        done = run("--endpoints", self.source.endpoint, "make-mirror", self.destination.endpoint,
                   "--rev", "1", "--prefix", "c/")
        self.assertEqual(1, done.returncode)
        self.assertIn(b"required revision has been compacted", done.stderr)

    def test_check_perf(self):
        done = run("--endpoints", self.destination.endpoint, "check", "perf", "--duration=1s",
                   "--auto-compact", "--auto-defrag", "--command-timeout=15s")
        lines = done.stdout.decode().splitlines()
        self.assertRegex(lines[0], r"^Compacting with revision \d+$")
        self.assertRegex(lines[1], r"^Compacted with revision \d+$")
        self.assertTrue(lines[2].startswith("Defragmenting ") and lines[3].startswith("Defragmented "))
        # Whether a busy machine is fast enough is not this test's business; the sum must be right.
        self.assertRegex(lines[4], r"^(PASS: Throughput is|FAIL: Throughput too low:) \d+ writes/s$")
        self.assertRegex(lines[5], r"^(PASS|FAIL): Slowest request took (too long: )?\d+\.\d{6}s$")
        self.assertRegex(lines[6], r"^(PASS: Stddev is|FAIL: Stddev too high:) \d+\.\d{6}s$")
        failed = any(line.startswith("FAIL") for line in lines[4:7])
        self.assertEqual((["FAIL"], 1) if failed else (["PASS"], 0), (lines[7:], done.returncode))
        self.assertEqual(b"", self.contents(self.destination, "/etcdctl-check-perf/"))

    def test_check_datascale(self):
        done = run("--endpoints", self.destination.endpoint, "check", "datascale",
                   "--prefix", "/scale/", "--command-timeout=15s")
        self.assertEqual(0, done.returncode, done.stderr)
        lines = done.stdout.decode().splitlines()
        self.assertEqual("Start data scale check for work load [10000 key-value pairs, 1024 bytes per "
                         "key-value, 50 concurrent clients].", lines[0])
        self.assertRegex(lines[1], r"^PASS: Approximate system memory used : \d+\.\d\d MB\.$")
        self.assertEqual(b"", self.contents(self.destination, "/scale/"))

    def test_lost_lock_ends_its_program(self):
        holder = self.start(self.destination, "lock", "lost", "--ttl=2", "--", "sh", "-c",
                            "echo $ETCD_LOCK_KEY; exec sleep 60")
        key = holder.stdout.readline().decode().strip()
        fields = self.on(self.destination, "get", key, "-w", "fields").decode()
        lease = int(re.search(r'"Lease" : (\d+)', fields).group(1))
        self.on(self.destination, "lease", "revoke", f"{lease:x}")
        _, err = holder.communicate(timeout=SECONDS_MAX)
        self.assertEqual(1, holder.returncode)
        self.assertIn(b"session expired: the lock was lost", err)

    def test_waiting_for_a_lock_is_interrupted(self):
        holder = self.start(self.destination, "lock", "held")
        holder.stdout.readline()
        waiter = self.start(self.destination, "lock", "held")
        self.wait_for(lambda: self.contents(self.destination, "held/").count(b"held/") == 2)
        waiter.send_signal(signal.SIGTERM)
        _, err = waiter.communicate(timeout=SECONDS_MAX)
        self.assertEqual((1, b"Error: context canceled\n"), (waiter.returncode, err))
        self.assertEqual(1, self.contents(self.destination, "held/").count(b"held/"))
        holder.send_signal(signal.SIGTERM)
        holder.communicate(timeout=SECONDS_MAX)
        self.assertEqual(0, holder.returncode)
        self.assertEqual(b"", self.contents(self.destination, "held/"))

    def test_terminal(self):
        # People are told what to do, and see how far long work is; pipes get neither.
        words = ["--endpoints", self.destination.endpoint, "get", "a", "--rev", "100000000"]
        self.assertIn(b"future revision; `stele get", on_terminal(*words))
        self.assertEqual(b"Error: etcdserver: mvcc: required revision is a future revision\n",
                         run(*words).stderr)
        words = ["--endpoints", self.destination.endpoint, "check", "perf", "--duration=300ms",
                 "--prefix", "/terminal/"]
        self.assertRegex(on_terminal(*words), rb"writing  \d+ / 45  \d+%")
        self.assertEqual(b"", run(*words).stderr)

    def bash_completes(self, line):
        """The words that bash offers for the last word of the line."""
        words = line.split(" ")
        array = " ".join(f"'{word}'" for word in words)
        script = (f"source <('{STELE}' completion bash); COMP_WORDS=({array}); "
                  f"COMP_CWORD={len(words) - 1}; compopt() {{ :; }}; _stele; "
                  "printf '%s\\n' \"${COMPREPLY[@]}\"")
        done = subprocess.run(["bash", "-c", script], check=True, capture_output=True, text=True,
                              timeout=SECONDS_MAX)
        return done.stdout.split()

    def test_bash_completion(self):
        script = run("completion", "bash").stdout
        subprocess.run(["bash", "-n"], input=script, check=True, timeout=SECONDS_MAX)
        self.assertEqual(["lease"], self.bash_completes("stele le"))
        self.assertEqual({"grant", "keep-alive", "list", "revoke", "timetolive"},
                         set(self.bash_completes("stele lease ")))
        self.assertEqual(["--ttl="], self.bash_completes("stele lock name --t"))
        self.assertEqual(["hashkv"], self.bash_completes("stele --endpoints get endpoint ha"))
        self.assertIn("--endpoints=", self.bash_completes("stele --"))
        self.assertEqual([], self.bash_completes("stele get some-"))
        self.assertEqual([], self.bash_completes("stele lock name -- --t"))

    def test_other_completions(self):
        for shell, check in (("zsh", ["zsh", "-n"]), ("fish", ["fish", "--no-execute"])):
            script = run("completion", shell).stdout
            self.assertIn(b"make-mirror", script)
            if shutil.which(shell):
                path = os.path.join(self.source.directory, "completion." + shell)
                with open(path, "wb") as file:
                    file.write(script)
                subprocess.run(check + [path], check=True, timeout=SECONDS_MAX)

    def test_every_command_has_help(self):
        listed = re.findall(r"^  ([a-z][a-z -]*?)  +\S", run("help").stdout.decode()
                            .split("Commands:")[1].split("Flags")[0], re.M)
        self.assertGreaterEqual(len(listed), 32)
        for path in listed:
            text = run("help", *path.split()).stdout.decode()
            self.assertTrue(text.startswith(path + " - "), path)
            self.assertIn("Usage:\n  stele " + path, text)


if __name__ == "__main__":
    unittest.main()
