"""Runs stele-bench against members and puts their costs beside what the clients saw."""

import dataclasses
import json
import subprocess
import time

from . import accounting
from .member import die_with_parent, wait_or_kill

SERVER_CORES = accounting.machine_description()["cores"]


@dataclasses.dataclass(frozen=True)
class Case:
    """One load. `arguments` go to stele-bench; it has an end by itself (--total, --duration)."""

    name: str
    arguments: tuple
    seconds_max: int = 120  # then the load has failed


class LoadFailed(Exception):
    pass


def attempt(case, measure):
    """The case and its record, or one that says why there is none: the other cases go on."""
    try:
        return case, measure()
    except LoadFailed as error:
        return case, {"error": str(error)}


class Generator:
    """The load generator's program. `nice` is not touched: all run at the caller's priority."""

    def __init__(self, binary):
        self._binary = binary

    def answers(self, endpoint):
        """Whether one put succeeds."""
        try:
            result = self.run([endpoint], ["put", "--total=1", "--timeout=2s"], seconds_max=5)
        except LoadFailed:
            return False
        return result["ok"] == 1

    def reads(self, endpoint, timeout_ms):
        """Whether one linearizable read succeeds."""
        try:
            result = self.run(
                [endpoint], ["range", "--total=1", f"--timeout={timeout_ms}ms"], seconds_max=60
            )
        except LoadFailed:
            return False
        return result["ok"] == 1

    def fill(self, cluster, keys, value_size=256, clients=1000):
        """Writes each of `keys` keys once."""
        result = self.run(
            cluster.endpoints,
            ["put", f"--total={keys}", f"--key-space={keys}", f"--clients={clients}", "--conns=50",
             f"--value-size={value_size}", "--timeout=60s"],
            seconds_max=60 + keys // 500,
        )
        if result["given_up"] or result["ok"] < 0.99 * keys:
            raise LoadFailed(f"fill: {result['ok']} of {keys} keys written; {result['errors_by_kind']}")
        return result

    def measure(self, case, cluster):
        """One run: a flat record of numbers, all of them of this run alone."""
        cluster.reset_peak_memory()
        began = time.monotonic()
        machine_before = accounting.machine_cpu_seconds()
        server_before = cluster.cpu_seconds()
        result = self.run(cluster.endpoints, case.arguments, case.seconds_max, cluster.pids)
        server_whole = cluster.cpu_seconds() - server_before
        machine_cpu = accounting.machine_cpu_seconds() - machine_before
        # Wider than elapsed_s: the machine's time contains the generator's start and end as well.
        capacity = (time.monotonic() - began) * SERVER_CORES
        if result["ok"] == 0:
            raise LoadFailed(f"{case.name}: nothing succeeded; {result['errors_by_kind']}")
        return {
            **self.figures(result),
            "arguments": list(case.arguments),
            "peak_rss_bytes": cluster.memory_bytes("VmHWM"),
            "disk_bytes": cluster.disk_bytes(),
            "foreign_cpu_share": max(0.0, machine_cpu - server_whole - result["own_cpu_s"]) / capacity,
        }

    @staticmethod
    def figures(result):
        """The parts of a report of stele-bench that comparisons use; latencies of its first row."""
        first = next(iter(result["operations"].values()))
        return {
            "rate": result["ok_per_s"],
            **{name: first[name] for name in ("p50_us", "p99_us", "p999_us", "max_us")},
            "server_us": result["server_cpu_us_per_operation"],
            "server_us_per_event": result["server_cpu_us_per_event"],
            "events_per_s": result["events_per_s"],
            "client_us": result["own_cpu_us_per_operation"],
            "longest_gap_s": result["longest_gap_s"],
            "ok": result["ok"],
            "errors": result["errors"],
            "errors_by_kind": result["errors_by_kind"],
            "percent_us": first["percent_us"],
        }

    def attempt(self, case, cluster):
        """The case's name and its record, or one with an error."""
        return attempt(case.name, lambda: self.measure(case, cluster))

    def run(self, endpoints, arguments, seconds_max, server_pids=()):
        with self.start(endpoints, arguments, server_pids) as load:
            return load.result(seconds_max)

    def start(self, endpoints, arguments, server_pids=()):
        """A load under way, for cases in which something happens meanwhile."""
        command = [self._binary, *arguments, "--endpoints", ",".join(endpoints), "--json"]
        if server_pids:
            command += ["--server-pids", ",".join(map(str, server_pids))]
        return RunningLoad(command)


class RunningLoad:
    """Use in a with statement: the program is ended at the end of the block at the latest."""

    def __init__(self, command):
        self._command = command
        self._process = None

    def __enter__(self):
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            preexec_fn=die_with_parent,
        )
        return self

    def __exit__(self, *_):
        if self._process.poll() is None:
            self._process.terminate()
            wait_or_kill(self._process, seconds_max=5)
        self._process.stdout.close()
        self._process.stderr.close()

    def result(self, seconds_max):
        """The report, once the program has ended."""
        try:
            output, complaints = self._process.communicate(timeout=seconds_max)
        except subprocess.TimeoutExpired as error:
            text = " ".join(map(str, self._command))
            raise LoadFailed(f"{text}: not ended in {seconds_max} s") from error
        if self._process.returncode != 0:
            raise LoadFailed(complaints.decode(errors="replace").strip() or output.decode())
        return json.loads(output)
