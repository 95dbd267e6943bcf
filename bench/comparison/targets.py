"""What the project wants of each figure: the pass and the aim of every row of the ratio table."""

import dataclasses
import statistics

MIB = 2**20


@dataclasses.dataclass(frozen=True)
class Bound:
    """A limit of the ratio stele/etcd, or of Stele's own figure in the unit of the row."""

    number: float
    at_least: bool = False
    of_ratio: bool = True

    def met(self, ratio, value):
        figure = ratio if self.of_ratio else value
        if figure is None:
            return None
        return figure >= self.number if self.at_least else figure <= self.number

    def text(self, unit):
        sign = ">=" if self.at_least else "<="
        return f"{sign} {self.number:g}x" if self.of_ratio else f"{sign} {self.number:g} {unit}"


def at_most(number):
    return Bound(number)


def at_least(number):
    return Bound(number, at_least=True)


def own(number):
    return Bound(number, of_ratio=False)


@dataclasses.dataclass(frozen=True)
class Target:
    title: str
    case: str
    members: int
    metric: str  # of the records of that case
    unit: str
    divisor: float
    passes: Bound
    aims: Bound


TARGETS = [
    Target("server CPU a put, 1,000 clients", "put-1000", 1, "server_us", "us", 1, at_most(0.30), at_most(0.20)),
    Target("puts a second, 1,000 clients", "put-1000", 1, "rate", "/s", 1, at_least(2.5), at_least(4)),
    Target("puts a second, 1,000 clients", "put-1000", 3, "rate", "/s", 1, at_least(2.5), at_least(3.5)),
    Target("latency of a put, 1 client, p50", "put-1", 1, "p50_us", "us", 1, at_most(0.6), at_most(0.45)),
    Target("latency of a put, 1 client, p50", "put-1", 3, "p50_us", "us", 1, at_most(0.6), at_most(0.45)),
    Target("server CPU a linearizable range", "range-1000", 1, "server_us", "us", 1, at_most(0.30), at_most(0.18)),
    Target("linearizable ranges a second", "range-1000", 1, "rate", "/s", 1, at_least(2.5), at_least(4)),
    Target("linearizable ranges a second", "range-1000", 3, "rate", "/s", 1, at_least(2.5), at_least(4)),
    Target("list of 10,000 keys, server CPU", "list", 1, "server_us", "us", 1, at_most(0.5), at_most(0.25)),
    Target("list of 10,000 keys, p50", "list", 1, "p50_us", "us", 1, at_most(0.5), at_most(0.25)),
    Target("page of 500 with count, p50", "page", 1, "p50_us", "us", 1, at_most(0.2), at_most(0.02)),
    Target("fan-out to 1,000 watchers, server CPU an event", "fanout", 1, "server_us_per_event", "us", 1,
           at_most(0.40), at_most(0.15)),
    Target("put to the last of 1,000 watchers, p99", "fanout", 1, "p99_us", "ms", 1000, at_most(0.8), at_most(0.4)),
    Target("restart to first read, SIGTERM", "restart-term", 1, "restart_s", "s", 1, own(0.6), own(0.2)),
    Target("restart to first read, SIGKILL", "restart-kill", 1, "restart_s", "s", 1, own(0.6), own(0.2)),
    Target("resident after the load", "keys-load", 1, "rss_bytes", "MiB", MIB, own(250), own(150)),
    Target("resident after a restart", "restart-kill", 1, "rss_bytes", "MiB", MIB, own(250), own(150)),
    Target("disk, log included", "keys-load", 1, "disk_bytes", "MiB", MIB, at_most(0.7), at_most(0.4)),
    Target("puts during compaction, p99", "compaction", 1, "p99_us", "ms", 1000, own(10), own(5)),
    Target("puts during compaction, worst", "compaction", 1, "max_us", "ms", 1000, own(50), own(20)),
    Target("longest stall during Defragment", "defragment", 1, "max_us", "ms", 1000, own(100), own(10)),
    Target("snapshot save", "snapshot", 1, "seconds", "s", 1, at_most(1), at_most(0.5)),
    Target("failover, kill -9 of the leader", "failover", 3, "failover_s", "s", 1, at_most(1.0), own(0.4)),
    Target("idle CPU", "idle", 1, "cpu_percent", "%", 1, own(0.15), own(0.05)),
    Target("idle CPU of a member", "idle", 3, "cpu_percent", "%", 1, own(0.5), own(0.3)),
    Target("idle memory", "idle", 1, "rss_bytes", "MiB", MIB, own(30), own(20)),
]


@dataclasses.dataclass(frozen=True)
class Row:
    """A target beside what was measured. Numbers are None where nothing was."""

    target: Target
    etcd: float
    stele: float
    ratio: float  # the median of the rounds' ratios
    ratios: list
    spread: list  # Stele's figures, one a round
    note: str  # why a figure is missing

    @property
    def passed(self):
        return self.target.passes.met(self.ratio, self.stele)

    @property
    def reached(self):
        return self.target.aims.met(self.ratio, self.stele)


def evaluate(records):
    return [_row(target, records) for target in TARGETS]


def _row(target, records):
    of_case = [r for r in records if r["case"] == target.case and r["members"] == target.members]
    values = {"etcd": {}, "stele": {}}
    for record in of_case:
        if target.metric in record:
            values[record["server"]].setdefault(record["round"], []).append(
                record[target.metric] / target.divisor)
    medians = {
        server: {number: statistics.median(each) for number, each in rounds.items()}
        for server, rounds in values.items()
    }
    ratios = [
        medians["stele"][number] / medians["etcd"][number]
        for number in sorted(medians["stele"].keys() & medians["etcd"].keys())
        if medians["etcd"][number]
    ]
    errors = sorted({f"{r['server']}: {r['error']}" for r in of_case if "error" in r})
    note = "; ".join(errors) or ("" if of_case else "not measured in this run")
    return Row(
        target,
        _median(medians["etcd"].values()),
        _median(medians["stele"].values()),
        _median(ratios),
        ratios,
        list(medians["stele"].values()),
        note,
    )


def _median(values):
    values = list(values)
    return statistics.median(values) if values else None
