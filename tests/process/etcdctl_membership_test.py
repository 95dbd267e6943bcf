#!/usr/bin/env python3
"""Members come and go by etcdctl's commands while etcdctl writes.

One member becomes three, by a voter and by a learner that is promoted; leadership is moved; the
leader and another are removed. Every put that etcdctl called a success is there at the end.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import time

from etcdctl_cluster import READY, die_with_parent, etcdctl_environment, free_ports

PATIENCE_S = 30
EXIT_REMOVED = 3


class Member:
    """One server process with its ports and data."""

    def __init__(self, binary, directory, name):
        client, peer = (f"http://127.0.0.1:{port}" for port in free_ports(2))
        self.name, self.client, self.peer = name, client.removeprefix("http://"), peer
        self.log = pathlib.Path(directory) / f"{name}.log"
        self.command = [binary, "--name", name, "--data-dir", f"{directory}/{name}",
                        "--listen-client-urls", client, "--advertise-client-urls", client,
                        "--listen-peer-urls", peer]
        self.process = None

    def start(self, variables):
        """Starts with the variables that `member add` printed."""
        environment = {k: v for k, v in os.environ.items() if not k.startswith("ETCD_")}
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log,
                                            stdin=subprocess.DEVNULL,
                                            env={**environment, **variables},
                                            preexec_fn=die_with_parent)

    def is_ready(self):
        return READY in self.log.read_bytes()

    def stop(self):
        if self.process:
            self.process.kill()
            self.process.wait()


class Run:
    """The steps, with what went wrong."""

    def __init__(self, binary, etcdctl, directory):
        self.binary, self.etcdctl, self.directory = binary, etcdctl, directory
        self.members, self.everybody, self.problems = [], [], []
        self.acknowledged, self.stopping = set(), False
        self.tries = 0

    def ctl(self, *words, endpoints=None):
        """Exit code, output and error output of etcdctl."""
        endpoints = endpoints or [member.client for member in self.members]
        done = subprocess.run([self.etcdctl, "--command-timeout=10s", *words],
                              env=etcdctl_environment(endpoints), capture_output=True, text=True,
                              timeout=PATIENCE_S, preexec_fn=die_with_parent)
        return done.returncode, done.stdout, done.stderr

    def expect(self, condition, text):
        if not condition:
            self.problems.append(text)

    def wait_for(self, condition, text):
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            if time.monotonic() > deadline:
                self.problems.append(text)
                return
            time.sleep(0.02)

    def write(self):
        """A client that tries every put until it succeeds."""
        count = 0
        while not self.stopping:
            count += 1
            while not self.stopping:
                self.tries += 1
                code, _, _ = self.ctl("put", f"load/{count}", str(count))
                if code == 0:
                    self.acknowledged.add(count)
                    break

    def await_writes(self):
        goal = len(self.acknowledged) + 5
        self.wait_for(lambda: len(self.acknowledged) >= goal, "writes do not go on")

    def first(self):
        member = Member(self.binary, self.directory, "m0")
        self.everybody.append(member)
        member.start({"ETCD_INITIAL_CLUSTER": f"m0={member.peer}",
                      "ETCD_INITIAL_ADVERTISE_PEER_URLS": member.peer})
        self.wait_for(member.is_ready, "m0 does not start")
        self.members.append(member)

    def add(self, name, *flags):
        member = Member(self.binary, self.directory, name)
        self.everybody.append(member)
        code, out, err = self.ctl("member", "add", name, f"--peer-urls={member.peer}", *flags)
        self.expect(code == 0, f"member add {name}: {err}")
        self.expect(" added " in out and " cluster " in out, f"member add says {out}")
        variables = dict(line.split("=", 1) for line in out.splitlines() if line.startswith("ETCD_"))
        member.start({name: value.strip('"') for name, value in variables.items()})
        self.wait_for(member.is_ready, f"{name} does not start")
        self.members.append(member)
        self.await_writes()
        return member

    def identity(self, member):
        code, out, _ = self.ctl("endpoint", "status", "-w", "json", endpoints=[member.client])
        if code != 0:
            return None, None
        status = json.loads(out)[0]["Status"]
        return f"{status['header']['member_id']:x}", f"{status['leader']:x}"

    def leader(self):
        for member in self.members:
            own, leader = self.identity(member)
            if own is not None and own == leader:
                return member
        return None

    def remove(self, member):
        own, _ = self.identity(member)
        rest = [other for other in self.members if other is not member]
        code, out, err = self.ctl("member", "remove", own)
        self.expect(code == 0, f"member remove: {err}")
        self.expect(out.startswith("Member ") and " removed from cluster " in out, out)
        self.members = rest
        self.wait_for(lambda: member.process.poll() is not None, "a removed member goes on")
        self.expect(member.process.poll() == EXIT_REMOVED, f"it ended with {member.process.poll()}")
        self.await_writes()

    def run(self):
        self.first()
        writer = threading.Thread(target=self.write)
        writer.start()
        try:
            self.steps()
        finally:
            self.stopping = True
            writer.join()
        _, out, _ = self.ctl("get", "load/", "--prefix", "--keys-only")
        present = {int(line.split("/")[1]) for line in out.splitlines() if line}
        lost = self.acknowledged - present
        self.expect(not lost, f"lost: {sorted(lost)[:20]}")
        print(f"{len(self.acknowledged)} puts acknowledged in {self.tries} tries, {len(lost)} lost")

    def steps(self):
        self.await_writes()
        self.add("m1")
        learner = self.add("m2", "--learner")
        own, _ = self.identity(learner)
        self.wait_for(lambda: self.ctl("member", "promote", own)[0] == 0, "no promotion")
        code, out, err = self.ctl("move-leader", own)
        self.expect(code == 0 and out.startswith("Leadership transferred from "), out + err)
        code, out, _ = self.ctl("member", "list")
        self.expect(len(out.splitlines()) == 3 and ", true" not in out, f"member list: {out}")
        self.remove(self.leader())
        self.remove(self.leader())
        code, _, err = self.ctl("member", "remove", self.identity(self.members[0])[0])
        self.expect(code != 0 and "not enough started members" in err, err)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", required=True)
    parser.add_argument("--etcdctl", default="/usr/bin/etcdctl")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="stele-etcdctl-") as directory:
        run = Run(options.server, options.etcdctl, directory)
        try:
            run.run()
        finally:
            for member in run.everybody:
                member.stop()
        if run.problems:
            for member in run.everybody:
                print(f"--- {member.log}\n{member.log.read_text()[-3000:]}")
    print("\n".join(run.problems))
    return 1 if run.problems else 0


if __name__ == "__main__":
    sys.exit(main())
