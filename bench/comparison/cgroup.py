"""Holds a process to an amount of memory, its share of the page cache included. Needs root."""

import os
import pathlib
import time

V1 = pathlib.Path("/sys/fs/cgroup/memory")
V2 = pathlib.Path("/sys/fs/cgroup")


class CgroupUnavailable(Exception):
    pass


class MemoryCgroup:
    """Use in a with statement. `prefix` goes before a command that is to run inside."""

    def __init__(self, limit_bytes):
        self._limit = limit_bytes
        self._old = (V1 / "memory.limit_in_bytes").exists()
        self._directory = (V1 if self._old else V2) / f"stele-scale-{os.getpid()}"

    def __enter__(self):
        limit = "memory.limit_in_bytes" if self._old else "memory.max"
        try:
            self._directory.mkdir()
            (self._directory / limit).write_text(str(self._limit), encoding="ascii")
        except OSError as error:
            self.__exit__()
            raise CgroupUnavailable(f"no cgroup can be made: {error}") from error
        return self

    def __exit__(self, *_):
        for _ in range(50):  # the kernel needs a moment after the last process has ended
            try:
                self._directory.rmdir()
                return
            except FileNotFoundError:
                return
            except OSError:
                time.sleep(0.1)

    @property
    def prefix(self):
        enter = f'echo $$ > {self._directory}/cgroup.procs && exec "$@"'
        return ["/bin/sh", "-c", enter, "sh"]

    def peak_bytes(self):
        """The most that was ever charged; file cache is, so a long load always reaches the limit."""
        return self._read("memory.max_usage_in_bytes" if self._old else "memory.peak")

    def used_bytes(self):
        return self._read("memory.usage_in_bytes" if self._old else "memory.current")

    def kills(self):
        """How often the kernel killed a process for want of memory."""
        name = "memory.oom_control" if self._old else "memory.events"
        for line in (self._directory / name).read_text(encoding="ascii").splitlines():
            key, _, value = line.partition(" ")
            if key == "oom_kill":
                return int(value)
        return 0

    def _read(self, name):
        try:
            return int((self._directory / name).read_text(encoding="ascii"))
        except (FileNotFoundError, ValueError):
            return None
