"""The parts of a comparison in which nothing but a load happens."""

from .load import Case
from .member import Cluster


def _duration(seconds):
    return f"--duration={int(seconds * 1000)}ms"


def small_loads(setting, server, members):
    """Puts, ranges, lists and watches on one cluster that begins empty."""
    scale = setting.scale
    space = f"--key-space={scale.key_space}"
    cases = [
        Case("put-1", ("put", "--clients=1", _duration(scale.seconds), space)),
        Case("put-1000", ("put", "--clients=1000", "--conns=100", f"--total={scale.puts}",
                          "--duration=60s", space)),
    ]
    reads = [
        Case("range-1", ("range", "--clients=1", "--keys=random", _duration(scale.seconds), space)),
        Case("range-1000", ("range", "--clients=1000", "--conns=100", "--keys=random",
                            _duration(scale.seconds), space)),
        Case("range-1000-serializable",
             ("range", "--serializable", "--clients=1000", "--conns=100", "--keys=random",
              _duration(scale.seconds), space)),
        Case("mixed-1000", ("mixed", "--clients=1000", "--conns=100", "--keys=random",
                            _duration(scale.seconds), space)),
    ]
    one_member_only = [
        Case("list", ("list", "--clients=1", "--list-keys=10000", _duration(scale.seconds), space)),
        Case("txn-1", ("txn", "--txn-ops=1", "--clients=1000", "--conns=100",
                       _duration(scale.seconds), space)),
        Case("txn-10", ("txn", "--txn-ops=10", "--clients=1000", "--conns=100",
                        _duration(scale.seconds), space)),
        Case("txn-100", ("txn", "--txn-ops=100", "--clients=100", "--conns=10",
                         _duration(scale.seconds), space)),
        Case("fanout", ("watch-fanout", "--watchers=1000", "--conns=10",
                        f"--total={scale.fan_out_puts}")),
        Case("catchup", ("watch-catchup", "--history=10000", "--clients=10", "--conns=10",
                         _duration(scale.seconds), space)),
        Case("lease-grant", ("lease-grant", "--clients=1000", "--conns=100",
                             _duration(scale.seconds))),
        Case("lease-keepalive", ("lease-keepalive", "--clients=1000", "--conns=100",
                                 f"--leases={scale.key_space}", _duration(scale.seconds))),
    ]
    with Cluster(server.binary, setting.work_dir, setting.generator.answers, members) as cluster:
        for case in cases:
            yield setting.generator.attempt(case, cluster)
        setting.generator.fill(cluster, scale.key_space)
        for case in reads + (one_member_only if members == 1 else []):
            yield setting.generator.attempt(case, cluster)


def curves(setting, server):
    """Cost as a function of clients, value size, members and keys, one at a time."""
    scale, generator = setting.scale, setting.generator
    put = ("put", _duration(scale.curve_s), "--keys=random", f"--key-space={scale.key_space}")

    def clients(count):
        return (f"--clients={count}", f"--conns={min(count, 100)}")

    def measured(name, x, arguments, cluster):
        _, record = generator.attempt(Case(name, arguments), cluster)
        return f"curve-{name}", {**record, "x": x}

    with Cluster(server.binary, setting.work_dir, generator.answers) as cluster:
        for count in scale.curve_clients:
            yield measured("clients", count, (*put, *clients(count)), cluster)
    for size in scale.curve_value_sizes:
        # A store of its own for each size, and few enough keys that the largest fit etcd's quota.
        with Cluster(server.binary, setting.work_dir, generator.answers) as cluster:
            arguments = ("put", f"--total={max(100, min(50_000, (256 << 20) // size))}",
                         f"--duration={max(1, int(scale.curve_s))}s",
                         "--key-space=1000", f"--value-size={size}", *clients(100))
            yield measured("value-size", size, arguments, cluster)
    for members in scale.curve_members:
        with Cluster(server.binary, setting.work_dir, generator.answers, members) as cluster:
            yield measured("members", members, (*put, *clients(1000)), cluster)
    if not scale.curve_keys:
        return
    with Cluster(server.binary, setting.work_dir, generator.answers) as cluster:
        for keys in scale.curve_keys:
            generator.fill(cluster, keys)
            arguments = ("put", _duration(scale.curve_s), "--keys=random", f"--key-space={keys}",
                         *clients(1000))
            yield measured("keys", keys, arguments, cluster)
