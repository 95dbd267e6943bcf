#!/usr/bin/env python3
"""Runs one list of etcdctl command lines against three members of two servers and compares.

Output, error output and exit code of every command must be the same but for ids and versions
(etcdctl_masks.py). Ends with 0 if they are, 1 if not, and prints every difference.
"""

import argparse
import difflib
import json
import os
import select
import shlex
import subprocess
import sys
import tempfile
import threading
import time

import etcdctl_masks
import etcdctl_scenario
from etcdctl_cluster import Cluster, die_with_parent, etcdctl_environment

PATIENCE_S = 30
# A command that goes on for ever is given this long to bring its expected lines.
LINES_S = 5


class Session:
    """One run of the scenario against one cluster."""

    def __init__(self, etcdctl, cluster):
        self.etcdctl = etcdctl
        self.cluster = cluster
        self.lease = "0"
        self.background = {}
        self.results = []

    def run(self):
        for step in etcdctl_scenario.steps():
            if step.wait:
                self._record(f"(output of {step.wait})", *self._collect(step.wait))
                continue
            process = self._start(step)
            if step.background:
                self.background[step.background] = (process, step)
                continue
            if step.lines:
                self._record(step.args, *self._read_lines(process, step.lines))
                continue
            out, err = process.communicate(step.stdin.encode(), timeout=PATIENCE_S)
            self._record(step.args, out, err, process.returncode)
            if step.args.startswith("lease grant") and b"lease " in out:
                self.lease = out.decode().split()[1]

    def _fill_in(self, text):
        if "{next}" in text:
            reply = subprocess.run([self.etcdctl, "get", "none", "-w", "json"],
                                   env=self._environment(""), capture_output=True, check=True,
                                   timeout=PATIENCE_S)
            text = text.replace("{next}", str(json.loads(reply.stdout)["header"]["revision"] + 1))
        for i, address in enumerate(self.cluster.clients):
            text = text.replace(f"{{member{i}}}", address)
        return text.replace("{lease}", self.lease).replace("{big}", "x" * 100000)

    def _environment(self, args):
        if "--endpoints" in args:  # etcdctl complains if both are given.
            return etcdctl_environment([])
        members = 3 if args.startswith("endpoint") else 1
        return etcdctl_environment(self.cluster.clients[:members])

    def _start(self, step):
        process = subprocess.Popen([self.etcdctl] + shlex.split(self._fill_in(step.args)),
                                   env=self._environment(step.args), stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   preexec_fn=die_with_parent)
        if step.background and step.stdin:
            process.stdin.write(self._fill_in(step.stdin).encode())
            process.stdin.flush()
        return process

    def _collect(self, name):
        process, step = self.background.pop(name)
        return self._read_lines(process, step.lines)

    @staticmethod
    def _read_lines(process, lines):
        """Reads until so many lines came, the process ended, or time is up; then ends it."""
        out = b""
        code = "stopped"
        deadline = time.monotonic() + LINES_S
        while out.count(b"\n") < lines:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([process.stdout], [], [], left)[0]:
                out += b"(no more lines in time)\n"
                break
            chunk = os.read(process.stdout.fileno(), 65536)
            if not chunk:
                code = process.wait(PATIENCE_S)
                break
            out += chunk
        process.kill()
        rest, err = process.communicate(timeout=PATIENCE_S)
        return out + rest, err, code

    def _record(self, args, out, err, code):
        if "protobuf" in args:
            text = etcdctl_masks.mask_message(out)
        else:
            text = etcdctl_masks.mask_text(out.decode(errors="backslashreplace"),
                                           self.cluster.ports)
            text = etcdctl_masks.mask_order(args, text)
        err = etcdctl_masks.mask_text(err.decode(errors="backslashreplace"), self.cluster.ports)
        err = etcdctl_masks.mask_order(args, err)
        self.results.append((args, f"exit {code}\n{text}\n(errors)\n{err}"))


def run_session(etcdctl, binary, directory, sessions, failures):
    try:
        cluster = Cluster(binary, directory)
        try:
            session = Session(etcdctl, cluster)
            session.run()
            sessions[directory] = session
        finally:
            cluster.stop()
    except Exception as error:  # Reported by main, which would not see it otherwise.
        failures.append(f"{binary}: {error!r}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reference", default="/usr/bin/etcd")
    parser.add_argument("--server", required=True, help="$STELE_SERVER_BINARY wins")
    parser.add_argument("--etcdctl", default="/usr/bin/etcdctl")
    parser.add_argument("--show", action="store_true", help="print the reference's output")
    options = parser.parse_args()
    server = os.environ.get("STELE_SERVER_BINARY", options.server)

    sessions, failures = {}, []
    with tempfile.TemporaryDirectory(prefix="stele-etcdctl-") as top:
        runs = [(options.reference, f"{top}/reference"), (server, f"{top}/server")]
        threads = [
            threading.Thread(target=run_session,
                             args=(options.etcdctl, binary, directory, sessions, failures))
            for binary, directory in runs
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failures:
            print("\n".join(failures))
            return 1
        reference, other = (sessions[directory].results for _, directory in runs)

    different = 0
    for (args, expected), (_, actual) in zip(reference, other):
        if options.show:
            print(f"$ etcdctl {args}\n{expected}")
        if expected == actual:
            continue
        different += 1
        print(f"$ etcdctl {args}")
        print("\n".join(difflib.unified_diff(expected.splitlines(), actual.splitlines(),
                                             options.reference, server, lineterm="")))
    print(f"{len(reference)} command lines, {different} with another output")
    return 1 if different or len(reference) != len(other) else 0


if __name__ == "__main__":
    sys.exit(main())
