"""From the records of single runs to the tables that people read."""

import statistics

from . import targets

FOREIGN_SHARE_MAX = 0.05  # more CPU than this used by others makes a run doubtful

# Column of a record, its heading in the tables of the cases, divisor, decimals.
METRICS = [
    ("rate", "a second", 1, 0),
    ("p50_us", "p50, us", 1, 0),
    ("p99_us", "p99, us", 1, 0),
    ("max_us", "max, ms", 1000, 1),
    ("server_us", "server CPU, us", 1, 1),
    ("client_us", "client CPU, us", 1, 1),
    ("peak_rss_bytes", "peak resident, MiB", targets.MIB, 0),
    ("disk_bytes", "disk, MiB", targets.MIB, 0),
    ("errors", "errors", 1, 0),
]


def show(value, decimals=None):
    if value is None:
        return "-"
    if decimals is None:
        decimals = 0 if abs(value) >= 1000 else 1 if abs(value) >= 10 else 3
    return f"{value:,.{decimals}f}"


def show_ratio(value):
    return "-" if value is None else f"{value:.3f}" if value < 0.1 else f"{value:.2f}"


def show_verdict(verdict):
    return {True: "yes", False: "no", None: "-"}[verdict]


def target_rows(records):
    yield ["median of the rounds", "members", "etcd", "stele", "stele/etcd", "pass", "met", "aim",
           "met", "each round"]
    for row in targets.evaluate(records):
        unit = row.target.unit
        each = " ".join(map(show_ratio, row.ratios)) if row.target.passes.of_ratio else (
            " ".join(map(show, row.spread)))
        yield [
            f"{row.target.title}, {unit}",
            str(row.target.members),
            show(row.etcd),
            show(row.stele),
            show_ratio(row.ratio),
            row.target.passes.text(unit),
            show_verdict(row.passed),
            row.target.aims.text(unit),
            show_verdict(row.reached),
            row.note or each,
        ]


def verdict_line(records):
    rows = targets.evaluate(records)
    measured = [row for row in rows if row.passed is not None]
    return (
        f"{sum(row.passed for row in measured)} of {len(rows)} rows pass, "
        f"{sum(bool(row.reached) for row in measured)} reach the aim, "
        f"{len(rows) - len(measured)} were not measured."
    )


def case_rows(records):
    """Medians of every load, both servers one below the other."""
    yield ["", "members", "server", *(heading for _, heading, *_ in METRICS)]
    for case, members, x in dict.fromkeys((r["case"], r["members"], r.get("x")) for r in records):
        for server in ("etcd", "stele"):
            of_case = [r for r in records if (r["case"], r["members"], r.get("x"), r["server"]) ==
                       (case, members, x, server)]
            cells = []
            for metric, _, divisor, decimals in METRICS:
                values = [r[metric] / divisor for r in of_case if metric in r]
                cells.append(show(statistics.median(values), decimals) if values else "-")
            if any(cell != "-" for cell in cells):
                yield [case if x is None else f"{case} {x}", str(members), server, *cells]


def text_table(rows):
    rows = list(rows)
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:-1], widths[1:-1])]
        lines.append("  ".join([*cells, row[-1]]).rstrip())
    return "\n".join(lines) + "\n"


def markdown_table(rows):
    rows = list(rows)
    lines = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    lines.insert(1, "|---|" + "---:|" * (len(rows[0]) - 2) + "---|")
    return "\n".join(lines) + "\n"


def doubts(records):
    """Reasons not to trust the figures, one a line."""
    lines = []
    shares = [record["foreign_cpu_share"] for record in records if "foreign_cpu_share" in record]
    if shares and max(shares) > FOREIGN_SHARE_MAX:
        lines.append(
            f"Other processes used {statistics.median(shares):.0%} of the machine's CPU (median of "
            f"the runs, at most {max(shares):.0%}): above {FOREIGN_SHARE_MAX:.0%} the ratios are "
            "rough, and the absolute figures are not those of a quiet machine."
        )
    for record in records:
        where = f"{record['case']}, {record['members']} member(s), {record['server']}, round {record['round']}"
        if "error" in record:
            lines.append(f"{where}: not measured: {record['error']}")
        elif record.get("errors"):
            kinds = ", ".join(f"{times} x {kind}" for kind, times in record["errors_by_kind"].items())
            lines.append(f"{where}: {kinds}")
    return lines


def markdown(about, records, picture_names):
    machine = about["machine"]
    parts = [
        f"# Side by side, {about['date']}\n",
        f"{about['scale']} form, {about['rounds']} rounds; commit {about['commit']}; {about['etcd']}; "
        f"{about['steled']}; {machine['cores']} cores ({machine['cpu']}), {machine['memory_gib']} GiB, "
        f"Linux {machine['kernel']}.\n",
        "## Targets\n",
        markdown_table(target_rows(records)),
        verdict_line(records) + "\n",
    ]
    reasons = doubts(records)
    if reasons:
        parts += ["## Doubts\n", "\n".join(f"- {line}" for line in reasons) + "\n"]
    parts += ["## All loads, medians\n", markdown_table(case_rows(records))]
    if picture_names:
        parts += ["## Pictures\n", "\n\n".join(f"![{n}]({n})" for n in picture_names) + "\n"]
    return "\n".join(parts)
