"""What the kernel knows about processes, disks and the machine. Linux only."""

import os
import time

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def process_cpu_seconds(pid):
    """User and system time of all threads of the process, those that have ended included."""
    # The clock that clock_getcpuclockid(3) names: what /proc/PID/stat shows, without its 10 ms steps.
    return time.clock_gettime((~pid << 3) | 2)


def machine_cpu_seconds():
    """Time that all cores together have not been idle."""
    with open("/proc/stat", encoding="ascii") as stat:
        fields = [int(field) for field in stat.readline().split()[1:]]
    user, nice, system, _idle, _iowait, irq, softirq, steal = fields[:8]
    return (user + nice + system + irq + softirq + steal) / TICKS_PER_SECOND


def memory_bytes(pid, name):
    """A line of /proc/PID/status such as VmHWM (peak resident memory) or RssAnon."""
    with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as status:
        for line in status:
            key, _, value = line.partition(":")
            if key == name:
                return int(value.split()[0]) * 1024
    raise KeyError(name)


def reset_peak_memory(pid):
    """Lets VmHWM start again from the present size."""
    with open(f"/proc/{pid}/clear_refs", "w", encoding="ascii") as refs:
        refs.write("5")


def disk_bytes(directory):
    """Allocated, not apparent: what the directory takes away from the disk."""
    total = 0
    for parent, _, names in os.walk(directory):
        for name in names:
            try:
                total += os.lstat(os.path.join(parent, name)).st_blocks * 512
            except FileNotFoundError:
                pass  # a running daemon may have removed it meanwhile
    return total


def machine_description():
    model = "unknown"
    with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as cpuinfo:
        for line in cpuinfo:
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "cores": len(os.sched_getaffinity(0)),
        "cpu": model,
        "memory_gib": round(memory_gib, 1),
        "kernel": os.uname().release,
    }
