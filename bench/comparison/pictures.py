"""Which pictures are drawn of the records of a run."""

import statistics

from . import svg

DISTRIBUTIONS = [
    ("put-1", "Put, 1 client"),
    ("put-1000", "Put, 1,000 clients"),
    ("range-1000", "Linearizable range, 1,000 clients"),
    ("fanout", "Put to the last of 1,000 watchers"),
    ("compaction", "Puts at 1,000/s during a compaction"),
    ("defragment", "Puts at 1,000/s during Defragment"),
]
CURVES = [
    ("clients", "clients"),
    ("value-size", "bytes of a value"),
    ("members", "members"),
    ("keys", "keys in the store"),
]
CURVE_METRICS = [("rate", "puts a second"), ("server_us", "server CPU a put, us"), ("p99_us", "p99, us")]


def draw(records):
    """{name: SVG text} of every picture for which there are figures."""
    pictures = {}
    for case, title in DISTRIBUTIONS:
        for members in sorted({record["members"] for record in records}):
            series = _distributions(records, case, members)
            if series:
                suffix = f"{members} member" + ("s" if members > 1 else "")
                values = [y for points in series.values() for _, y in points]
                pictures[f"latency-{case}-{members}"] = svg.line_chart(
                    f"{title}, {suffix}", svg.nines_axis("percentile"),
                    svg.log_axis("latency, us", values), series)
    for curve, label in CURVES:
        for metric, metric_label in CURVE_METRICS:
            series = _curve(records, curve, metric)
            if series:
                points = [point for line in series.values() for point in line]
                pictures[f"{metric.removesuffix('_us')}-over-{curve}"] = svg.line_chart(
                    f"{metric_label} over {label}", svg.log_axis(label, [x for x, _ in points]),
                    svg.linear_axis(metric_label, [y for _, y in points]), series)
    return pictures


def _distributions(records, case, members):
    """The median of the rounds at each percentile, for each server."""
    series = {}
    for server in ("etcd", "stele"):
        runs = [r["percent_us"] for r in records
                if r["case"] == case and r["members"] == members and r["server"] == server
                and "percent_us" in r]
        if runs:
            series[server] = [
                (percent, statistics.median(run[i][1] for run in runs))
                for i, (percent, _) in enumerate(runs[0]) if percent < 100
            ]
    return series


def _curve(records, curve, metric):
    series = {}
    for record in records:
        if record["case"] != f"curve-{curve}" or metric not in record:
            continue
        points = series.setdefault(record["server"], {})
        points.setdefault(record["x"], []).append(record[metric])
    return {
        server: [(x, statistics.median(values)) for x, values in sorted(points.items())]
        for server, points in series.items()
    }
