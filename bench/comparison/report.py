"""From the records of single runs to the tables that people read."""

import statistics

MIB = 2**20
FOREIGN_SHARE_MAX = 0.05  # more CPU than this used by others makes a run doubtful

# Column of a record, what people call it, divisor, decimals.
METRICS = [
    ("puts_per_s", "puts a second", 1, 0),
    ("p50_us", "latency p50, us", 1, 0),
    ("p99_us", "latency p99, us", 1, 0),
    ("server_us_per_put", "server CPU, us a put", 1, 1),
    ("client_us_per_put", "load generator CPU, us a put", 1, 1),
    ("peak_rss_bytes", "server peak resident, MiB", MIB, 1),
    ("disk_bytes", "disk, MiB", MIB, 1),
    ("errors", "errors", 1, 0),
]


def ratio(numerator, denominator):
    return numerator / denominator if denominator else None


def show_ratio(value):
    return "-" if value is None else f"{value:.2f}"


def summarize(records):
    """{case: {metric: {etcd, stele: medians, ratios: one a round, ratio: their median}}}"""
    summary = {}
    for case in dict.fromkeys(record["case"] for record in records):
        summary[case] = {}
        for metric, *_ in METRICS:
            values = {
                server: [
                    record[metric]
                    for record in sorted(records, key=lambda record: record["round"])
                    if record["case"] == case and record["server"] == server
                ]
                for server in ("etcd", "stele")
            }
            pairs = zip(values["stele"], values["etcd"])
            ratios = [ratio(stele, etcd) for stele, etcd in pairs]
            known = [value for value in ratios if value is not None]
            summary[case][metric] = {
                "etcd": statistics.median(values["etcd"]),
                "stele": statistics.median(values["stele"]),
                "ratios": ratios,
                "ratio": statistics.median(known) if known else None,
            }
    return summary


def rows_of(case_summary):
    for metric, title, divisor, decimals in METRICS:
        entry = case_summary[metric]
        yield [
            title,
            f"{entry['etcd'] / divisor:.{decimals}f}",
            f"{entry['stele'] / divisor:.{decimals}f}",
            show_ratio(entry["ratio"]),
            " ".join(show_ratio(value) for value in entry["ratios"]),
        ]


HEADINGS = ["median of the rounds", "etcd", "stele", "stele/etcd", "each round"]


def text_table(rows):
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:-1], widths[1:-1])]
        lines.append("  ".join([*cells, row[-1]]))
    return "\n".join(lines)


def markdown_table(rows):
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    lines.insert(1, "|---|" + "---:|" * (len(rows[0]) - 2) + "---|")
    return "\n".join(lines)


def doubts(records):
    """Reasons not to trust the figures, one a line."""
    lines = []
    shares = [record["foreign_cpu_share"] for record in records]
    if max(shares) > FOREIGN_SHARE_MAX:
        lines.append(
            f"Other processes used {statistics.median(shares):.0%} of the machine's CPU "
            f"(median of the runs, at most {max(shares):.0%}): the ratios are rough, the absolute "
            "figures are not those of a quiet machine."
        )
    failed = [record for record in records if record["errors"]]
    if failed:
        kinds = sorted({kind for record in failed for kind in record["errors_by_kind"]})
        lines.append(f"{len(failed)} runs had errors: {'; '.join(kinds)}")
    for case in dict.fromkeys(record["case"] for record in records):
        puts = {record["puts"] for record in records if record["case"] == case}
        if len(puts) > 1:
            lines.append(
                f"{case}: cut short in some runs ({min(puts)} to {max(puts)} puts), so memory and "
                "disk are not comparable."
            )
    return lines


def render(records, table):
    """All cases with `table` (text_table or markdown_table), then the doubts."""
    parts = []
    for case, case_summary in summarize(records).items():
        parts.append(f"{case}\n\n{table([HEADINGS, *rows_of(case_summary)])}\n")
    parts += doubts(records)
    return "\n".join(parts) + "\n"
