"""The same programs on Debian's etcd and on steled: HashKV must be the same number at every revision
that can be asked for. usage: hash_compare_test.py --server STELED [--seed N] [--rounds N]"""

import argparse
import random
import shutil
import sys
import tempfile

import grpc

from etcdctl_cluster import Cluster
from wire_client import WireClient, rpc

KEYS = [b"a", b"b", b"b\x00", b"ba", b"\x00", b"\xff", b"\xff\xff", b"c" * 300] + \
       [b"k%d" % i for i in range(6)]
LEASES = [7, 1 << 62, -5]


def random_put(rng, key):
    return rpc.PutRequest(key=key, value=rng.randbytes(rng.choice([0, 1, 20, 200])),
                          lease=rng.choice([0, 0, 0] + LEASES))


def random_step(rng):
    """One request as (service, method, fields), the same for both servers."""
    kind = rng.choices(["put", "delete", "range", "txn", "revoke", "compact"],
                       [50, 15, 5, 20, 3, 7])[0]
    if kind == "put":
        put = random_put(rng, rng.choice(KEYS))
        return "KV", "Put", dict(key=put.key, value=put.value, lease=put.lease)
    if kind == "delete":
        return "KV", "DeleteRange", dict(key=rng.choice(KEYS))
    if kind == "range":
        return "KV", "DeleteRange", dict(key=rng.choice(KEYS), range_end=rng.choice(KEYS))
    if kind == "txn":
        keys = rng.sample(KEYS, 4)
        ops = [rpc.RequestOp(request_put=random_put(rng, key)) for key in keys[:rng.randrange(4)]]
        ops.append(rpc.RequestOp(request_delete_range=rpc.DeleteRangeRequest(key=keys[3])))
        rng.shuffle(ops)
        return "KV", "Txn", dict(success=ops)
    if kind == "revoke":
        return "Lease", "LeaseRevoke", dict(ID=rng.choice(LEASES))
    return "KV", "Compact", dict(revision=rng.randrange(1, 400), physical=True)


class Comparison:
    def __init__(self, etcd, stele):
        self.clients = [etcd, stele]
        self.hashes = 0

    def both(self, service, method, **fields):
        outcomes = []
        for client in self.clients:
            try:
                outcomes.append(client.call(service, method, **fields))
            except grpc.RpcError as error:
                outcomes.append((error.code().name, error.details()))
        return outcomes

    def run(self, service, method, **fields):
        etcd, stele = self.both(service, method, **fields)
        if isinstance(etcd, tuple) or isinstance(stele, tuple):
            assert etcd == stele, f"{method} {fields}: etcd {etcd}, stele {stele}"
            return
        assert etcd.header.revision == stele.header.revision, f"{method} {fields}"

    def compare_at(self, revision):
        etcd, stele = self.both("Maintenance", "HashKV", revision=revision)
        if isinstance(etcd, tuple) and not isinstance(stele, tuple):
            # Before 3.5 etcd refused the compact revision itself.
            assert revision == stele.compact_revision and "compacted" in etcd[1], (revision, etcd)
            return
        self.hashes += 1
        if isinstance(etcd, tuple) or isinstance(stele, tuple):
            assert etcd == stele, f"HashKV {revision}: etcd {etcd}, stele {stele}"
            return
        facts = [(each.hash, each.compact_revision, each.header.revision) for each in (etcd, stele)]
        assert facts[0] == facts[1], f"HashKV {revision}: etcd {facts[0]}, stele {facts[1]}"
        assert stele.hash_revision == (revision or stele.header.revision)

    def compare_all(self):
        current = self.clients[1].range(b"none").header.revision
        for revision in [0, -1, current + 1] + list(range(1, current + 1)):
            self.compare_at(revision)


def emptied_store(comparison):
    """etcd looks at what a compaction keeps only if it keeps something: then it keeps nothing."""
    comparison.run("KV", "DeleteRange", key=b"\x00", range_end=b"\x00")
    comparison.compare_all()
    revision = comparison.clients[1].range(b"none").header.revision
    comparison.run("KV", "Compact", revision=revision - 1, physical=True)
    comparison.compare_all()
    comparison.run("KV", "Compact", revision=revision, physical=True)
    comparison.compare_all()
    comparison.run("KV", "Put", key=b"again", value=b"1")
    comparison.compare_all()


def run_program(rng, comparison, steps):
    for lease in LEASES:
        comparison.both("Lease", "LeaseGrant", ID=lease, TTL=600)
    comparison.compare_all()
    for _ in range(4):
        for _ in range(steps):
            service, method, fields = random_step(rng)
            comparison.run(service, method, **fields)
        comparison.compare_all()
    emptied_store(comparison)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--server", required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    if shutil.which("etcd") is None:
        print("no etcd here to compare with")
        return 1
    for seed in range(args.seed, args.seed + args.rounds):
        with tempfile.TemporaryDirectory(prefix="stele-hash-") as directory:
            clusters = [Cluster(binary, f"{directory}/{name}", members=1)
                        for name, binary in (("etcd", "etcd"), ("stele", args.server))]
            try:
                clients = [WireClient(cluster.clients[0]) for cluster in clusters]
                comparison = Comparison(*clients)
                run_program(random.Random(seed), comparison, steps=30)
                print(f"seed {seed}: {comparison.hashes} hashes are the same")
                for client in clients:
                    client.close()
            finally:
                for cluster in clusters:
                    cluster.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
