"""The parts of a comparison in which something happens to the servers."""

import json
import os
import signal
import subprocess
import time

from .load import Case, LoadFailed, attempt
from .member import Cluster, StartFailed

ETCDCTL = "/usr/bin/etcdctl"
PROBE_RATE = 1000
BEFORE_EVENT_S = 1.5  # the probe runs so long before something happens
SETTLE_S = 2


def etcdctl(endpoint, *arguments, seconds_max=180):
    """Output of the command. LoadFailed with what it complained about."""
    command = [ETCDCTL, f"--endpoints={endpoint}", f"--command-timeout={seconds_max}s", *arguments]
    environment = {**os.environ, "ETCDCTL_API": "3"}
    run = subprocess.run(command, capture_output=True, text=True, check=False, env=environment,
                         timeout=seconds_max + 30)
    if run.returncode != 0:
        lines = [line for line in run.stderr.strip().splitlines() if line] or ["no reason given"]
        text = lines[-1]
        if text.startswith("{"):  # newer ones log as JSON
            text = json.loads(text).get("error", text)
        raise LoadFailed(f"etcdctl {arguments[0]}: {text}")
    return run.stdout


def many_keys(setting, server):
    """A large store: its size, counting, restarts, and puts while it compacts and defragments."""
    scale, generator = setting.scale, setting.generator
    space = f"--key-space={scale.keys}"
    with Cluster(server.binary, setting.work_dir, generator.answers) as cluster:
        loaded = generator.measure(
            Case("keys-load", ("put", f"--total={scale.keys}", space, "--clients=1000", "--conns=50",
                               "--timeout=60s"), seconds_max=60 + scale.keys // 500), cluster)
        yield "keys-load", {**loaded, **memory(cluster)}
        for name, more in (("count", ()), ("page", ("--page-size=500", "--keys=random")),
                           ("point-read", ("--keys=random",))):
            workload = "range" if name == "point-read" else name
            yield generator.attempt(
                Case(name, (workload, "--clients=1", f"--duration={int(scale.seconds * 1000)}ms",
                            space, *more)), cluster)
        yield "restart-term", restart(cluster, generator, signal.SIGTERM)
        yield "restart-kill", restart(cluster, generator, signal.SIGKILL)
        yield attempt("baseline", lambda: probe(generator, cluster, scale.keys, scale.defragment_probe_s))
        generator.run(cluster.endpoints,
                      ["put", f"--total={scale.overwrites}", space, "--clients=1000", "--conns=50"],
                      seconds_max=300)
        yield attempt("compaction", lambda: probe(
            generator, cluster, scale.keys, scale.compaction_probe_s, lambda: compact(cluster)))
        yield attempt("defragment", lambda: probe(
            generator, cluster, scale.keys, scale.defragment_probe_s,
            lambda: etcdctl(cluster.endpoints[0], "defrag")))
        yield attempt("snapshot", lambda: _save_snapshot(setting, cluster))


def failover(setting, server):
    """From the death of the leader to the next acknowledged put, three members."""
    for _ in range(setting.scale.failovers):
        yield attempt("failover", lambda: _fail_over(setting, server))


def idle(setting, server, members):
    """What a cluster costs that nobody asks for anything."""
    with Cluster(server.binary, setting.work_dir, setting.generator.answers, members) as cluster:
        time.sleep(SETTLE_S)
        before, began = cluster.cpu_seconds(), time.monotonic()
        time.sleep(setting.scale.idle_s)
        used = cluster.cpu_seconds() - before
        share = used / (time.monotonic() - began) / members
        yield "idle", {"cpu_percent": 100 * share, **memory(cluster)}


def memory(cluster):
    return {"rss_bytes": cluster.memory_bytes("VmRSS"), "anon_bytes": cluster.memory_bytes("RssAnon")}


def restart(cluster, generator, how):
    """Seconds from the start of the process to the first linearizable read."""
    member = cluster.members[0]
    member.end(how)
    began = time.monotonic()
    member.spawn()
    while not generator.reads(member.endpoint, timeout_ms=20_000):
        if not member.running or time.monotonic() - began > 120:
            raise StartFailed(f"no read after a restart:\n{member.log_tail()}")
        time.sleep(0.005)
    return {"restart_s": time.monotonic() - began, "restart_cpu_s": cluster.cpu_seconds(),
            **memory(cluster)}


def probe(generator, cluster, keys, seconds, event=None):
    """Puts at a fixed rate, during which `event` happens; both are measured."""
    arguments = ["put", f"--rate={PROBE_RATE}", "--clients=4000", "--conns=20", "--keys=random",
                 f"--key-space={keys}", f"--duration={seconds}s", "--timeout=30s"]
    with generator.start(cluster.endpoints, arguments, cluster.pids) as load:
        event_s = None
        if event is not None:
            time.sleep(BEFORE_EVENT_S)
            began = time.monotonic()
            event()
            event_s = time.monotonic() - began
        record = generator.figures(load.result(seconds + 60))
    return {**record, "event_s": event_s}


def compact(cluster):
    """Everything but the newest revision, until it is gone from the disk."""
    status = json.loads(etcdctl(cluster.endpoints[0], "get", "none", "--write-out=json"))
    etcdctl(cluster.endpoints[0], "compact", "--physical", str(status["header"]["revision"]))


def _save_snapshot(setting, cluster):
    target = os.path.join(setting.work_dir, "snapshot")
    began = time.monotonic()
    try:
        etcdctl(cluster.endpoints[0], "snapshot", "save", target)
        return {"seconds": time.monotonic() - began, "bytes": os.path.getsize(target)}
    finally:
        for name in (target, target + ".part"):
            if os.path.exists(name):
                os.remove(name)


def _fail_over(setting, server):
    with Cluster(server.binary, setting.work_dir, setting.generator.answers, 3) as cluster:
        leader = _leader_of(cluster)
        survivors = [member.endpoint for member in cluster.members if member is not leader]
        # What was on its way to the dead leader is lost and its client waits: for a short time, and
        # with enough others, so that there is always a put that was begun a moment ago.
        arguments = ["put", "--rate=2000", "--clients=1600", "--conns=20", "--duration=7s",
                     "--timeout=400ms"]
        with setting.generator.start(survivors, arguments) as load:
            time.sleep(2)
            killed = time.monotonic()
            leader.end(signal.SIGKILL)
            result = load.result(seconds_max=60)
    resumed = result["longest_gap_begin_s"] + result["longest_gap_s"]
    if not result["longest_gap_begin_s"] - 0.5 < killed < resumed:
        raise LoadFailed("the longest pause was not that after the leader's death")
    return {"failover_s": resumed - killed, "longest_gap_s": result["longest_gap_s"],
            "unanswered": result["errors"]}  # which is what a failover is about


def _leader_of(cluster):
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        for member in cluster.members:
            (status,) = json.loads(etcdctl(member.endpoint, "endpoint", "status", "--write-out=json"))
            if status["Status"]["leader"] == status["Status"]["header"]["member_id"]:
                return member
        time.sleep(0.1)
    raise LoadFailed("no member leads")
