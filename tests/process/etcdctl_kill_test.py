#!/usr/bin/env python3
"""kill -9 of the leader while etcdctl writes and watches.

Every put that etcdctl called a success is in every member's history at the revision it was told,
no value is there twice, and a watch of etcdctl that lasts through the kills sees the same events.
"""

import argparse
import base64
import itertools
import json
import os
import subprocess
import sys
import tempfile
import threading
import time

from etcdctl_cluster import Cluster, die_with_parent, etcdctl_environment

PATIENCE_S = 30
WRITERS = 3
KILLS = 2


class Etcdctl:
    """Calls of etcdctl with JSON output."""

    def __init__(self, binary, endpoints):
        self.binary = binary
        self.environment = etcdctl_environment(endpoints)

    def run(self, *args, timeout=PATIENCE_S):
        """The reply, or None if the command failed."""
        done = subprocess.run([self.binary, *args, "-w", "json"], env=self.environment,
                              capture_output=True, timeout=timeout, preexec_fn=die_with_parent)
        return json.loads(done.stdout) if done.returncode == 0 else None


class Watch:
    """`etcdctl watch` from the beginning, read by a thread of its own."""

    def __init__(self, binary, endpoints):
        self.events = []
        self.last_revision = 0
        self.process = subprocess.Popen(
            [binary, "watch", "load/", "--prefix", "--rev=2", "-w", "json"],
            env=etcdctl_environment(endpoints), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            preexec_fn=die_with_parent)
        self.thread = threading.Thread(target=self._read)
        self.thread.start()

    def _read(self):
        for line in self.process.stdout:
            for event in json.loads(line).get("Events") or []:
                pair = event["kv"]
                self.events.append((pair["mod_revision"], pair["key"], pair.get("value", "")))
                self.last_revision = pair["mod_revision"]

    def finish(self, revision):
        """Waits until `revision` was seen, then ends the watch; False if it never was."""
        seen = wait_for(lambda: self.last_revision >= revision)
        self.process.kill()
        self.process.wait()
        self.thread.join()
        return seen


def wait_for(condition):
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


class Writers:
    """Threads that put unique values until they are stopped."""

    def __init__(self, etcdctl):
        self.etcdctl = etcdctl
        self.acknowledged = {}  # value: revision
        self.tried = set()
        self.lock = threading.Lock()
        self.stopping = False
        self.threads = [threading.Thread(target=self._write, args=(i,)) for i in range(WRITERS)]
        for thread in self.threads:
            thread.start()

    def _write(self, writer):
        for count in itertools.count():
            if self.stopping:
                return
            value = f"w{writer}-{count}"
            with self.lock:
                self.tried.add(value)
            reply = self.etcdctl.run("put", f"load/{count % 7}", value, "--command-timeout=2s")
            if reply:
                with self.lock:
                    self.acknowledged[value] = reply["header"]["revision"]

    def await_more(self, count):
        goal = len(self.acknowledged) + count
        return wait_for(lambda: len(self.acknowledged) >= goal)

    def stop(self):
        self.stopping = True
        for thread in self.threads:
            thread.join()


def find_leader(binary, cluster):
    """The number of the member that leads, or None."""
    for member, address in enumerate(cluster.clients):
        reply = Etcdctl(binary, [address]).run("endpoint", "status")
        status = reply[0]["Status"] if reply else None
        if status and status["leader"] == status["header"]["member_id"]:
            return member
    return None


def check(writers, histories):
    """A line for every violation."""
    first = histories[0]
    for i, history in enumerate(histories):
        if history != first:
            yield f"history {i} differs from history 0"
    revisions = [revision for revision, _, _ in first]
    if revisions != list(range(2, 2 + len(revisions))):
        yield f"revisions are not 2, 3, 4...: {revisions[:50]}"
    revision_of = {}
    for revision, _, value in first:
        value = base64.b64decode(value).decode()
        if value in revision_of:
            yield f"{value} is there twice"
        if value not in writers.tried:
            yield f"nobody wrote {value}"
        revision_of[value] = revision
    for value, revision in writers.acknowledged.items():
        if revision_of.get(value) != revision:
            yield f"{value} was acknowledged at {revision} and is at {revision_of.get(value)}"


def run(binary, cluster):
    everyone = Etcdctl(binary, cluster.clients)
    histories = [Watch(binary, cluster.clients)]
    writers = Writers(everyone)
    problems = []
    try:
        for _ in range(KILLS):
            if not writers.await_more(15):
                problems.append("writes do not go on")
            leader = find_leader(binary, cluster)
            if leader is None:
                problems.append("no leader")
                break
            cluster.kill_member(leader)
            if not writers.await_more(10):
                problems.append("writes do not resume")
            cluster.start_member(leader)
            address = [cluster.clients[leader]]
            if not wait_for(lambda: Etcdctl(binary, address).run("get", "x")):
                problems.append("the killed member does not come back")
    finally:
        writers.stop()
        last = max(writers.acknowledged.values(), default=0)
        histories += [Watch(binary, [address]) for address in cluster.clients]
        for i, watch in enumerate(histories):
            if not watch.finish(last):
                problems.append(f"watch {i} never saw revision {last}")
    # Writes of unknown outcome may follow the last acknowledged one.
    shortest = min(len(watch.events) for watch in histories)
    problems += check(writers, [watch.events[:shortest] for watch in histories])
    print(f"{KILLS} kills of the leader, {len(writers.acknowledged)} of {len(writers.tried)} puts "
          f"acknowledged, {shortest} events in each of {len(histories)} watches")
    return problems


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", required=True, help="$STELE_SERVER_BINARY wins")
    parser.add_argument("--etcdctl", default="/usr/bin/etcdctl")
    options = parser.parse_args()
    server = os.environ.get("STELE_SERVER_BINARY", options.server)
    with tempfile.TemporaryDirectory(prefix="stele-etcdctl-") as top:
        cluster = Cluster(server, f"{top}/cluster")
        try:
            problems = run(options.etcdctl, cluster)
        finally:
            cluster.stop()
    print("\n".join(problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
