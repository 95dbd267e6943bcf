"""Runs stele-bench against a member and puts the member's costs beside what the clients saw."""

import dataclasses
import json
import subprocess
import time

from . import accounting
from .member import die_with_parent, wait_or_kill


@dataclasses.dataclass(frozen=True)
class Case:
    name: str
    clients: int
    conns: int
    total: int
    seconds_max: int  # a slow machine ends the run early instead of holding up the whole comparison
    value_size: int = 256
    key_space: int = 100_000

    def arguments(self):
        return [
            "put",
            f"--clients={self.clients}",
            f"--conns={self.conns}",
            f"--total={self.total}",
            f"--duration={self.seconds_max}s",
            f"--value-size={self.value_size}",
            f"--key-space={self.key_space}",
        ]


class LoadFailed(Exception):
    pass


class Generator:
    """The load generator's program. `nice` is not touched: all run at the caller's priority."""

    def __init__(self, binary):
        self._binary = binary

    def answers(self, endpoint):
        """Whether one put succeeds."""
        try:
            result = self._run(endpoint, ["put", "--total=1", "--timeout=2s"], seconds_max=5)
        except LoadFailed:
            return False
        return result["ok"] == 1

    def measure(self, case, member):
        """One run: a flat record of numbers, all of them of this run alone."""
        accounting.reset_peak_memory(member.pid)
        began = time.monotonic()
        machine_before = accounting.machine_cpu_seconds()
        server_before = accounting.process_cpu_seconds(member.pid)
        result = self._run(member.endpoint, case.arguments(), seconds_max=case.seconds_max + 60)
        server_cpu = accounting.process_cpu_seconds(member.pid) - server_before
        machine_cpu = accounting.machine_cpu_seconds() - machine_before
        # Wider than elapsed_s: the machine's time contains the generator's start and end as well.
        capacity = (time.monotonic() - began) * accounting.machine_description()["cores"]
        operations = result["ok"] + result["errors"]
        if operations == 0:
            raise LoadFailed(f"{case.name}: no operation ended")
        foreign = max(0.0, machine_cpu - server_cpu - result["own_cpu_s"])
        put = result["operations"]["put"]
        return {
            "puts_per_s": put["ok_per_s"],
            "p50_us": put["p50_us"],
            "p99_us": put["p99_us"],
            "max_us": put["max_us"],
            "server_us_per_put": 1e6 * server_cpu / operations,
            "client_us_per_put": result["own_cpu_us_per_operation"],
            "peak_rss_bytes": accounting.memory_bytes(member.pid, "VmHWM"),
            "disk_bytes": accounting.disk_bytes(member.data_dir),
            "puts": result["ok"],
            "errors": result["errors"],
            "errors_by_kind": result["errors_by_kind"],
            "foreign_cpu_share": foreign / capacity,
        }

    def _run(self, endpoint, arguments, seconds_max):
        command = [self._binary, *arguments, "--endpoints", endpoint, "--json"]
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            preexec_fn=die_with_parent,
        )
        try:
            output, complaints = process.communicate(timeout=seconds_max)
        except subprocess.TimeoutExpired as error:
            raise LoadFailed(f"{' '.join(command)}: not ended in {seconds_max} s") from error
        finally:
            if process.poll() is None:
                process.terminate()
                wait_or_kill(process, seconds_max=5)
        if process.returncode != 0:
            raise LoadFailed(complaints.decode(errors="replace").strip() or output.decode())
        return json.loads(output)
