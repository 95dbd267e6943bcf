"""RangeStream of steled. usage: range_stream_test.py --server STELED"""

import sys
import tempfile
import unittest

from etcdctl_cluster import Cluster
from wire_client import WireClient, failure_of, rpc

SERVER = None
KEYS = 3000
VALUE = bytes(5000)


class RangeStreamTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory(prefix="stele-stream-")
        cls.cluster = Cluster(SERVER, f"{cls.directory.name}/run", members=1)
        cls.client = WireClient(cls.cluster.clients[0])
        for first in range(0, KEYS, 100):
            cls.client.txn(success=[rpc.RequestOp(request_put=rpc.PutRequest(
                key=b"k%05d" % i, value=VALUE)) for i in range(first, first + 100)])

    @classmethod
    def tearDownClass(cls):
        cls.client.close()
        cls.cluster.stop()
        cls.directory.cleanup()

    def pieces(self, key=b"k", range_end=b"l", **fields):
        return [each.range_response for each in self.client.stream(
            "KV", "RangeStream", key=key, range_end=range_end, **fields)]

    def expect_same_as_range(self, **fields):
        merged = rpc.RangeResponse()
        pieces = self.pieces(**fields)
        for piece in pieces:
            merged.MergeFrom(piece)
        fields = {"key": b"k", "range_end": b"l", **fields}
        self.assertEqual(merged, self.client.call("KV", "Range", **fields))
        for piece in pieces[:-1]:
            self.assertFalse(piece.HasField("header") or piece.more or piece.count)
            self.assertGreater(len(piece.kvs), 0)
        return pieces

    def test_pieces_are_the_range(self):
        pieces = self.expect_same_as_range()
        self.assertGreater(len(pieces), 8)
        self.assertEqual(len(pieces[0].kvs), 10)
        self.assertLess(max(piece.ByteSize() for piece in pieces), 2 << 20)
        self.assertEqual(pieces[-1].count, KEYS)

    def test_every_kind_of_range(self):
        current = self.client.range(b"none").header.revision
        for fields in (dict(limit=1), dict(limit=10), dict(limit=25), dict(limit=KEYS),
                       dict(limit=KEYS - 1), dict(limit=-1), dict(keys_only=True),
                       dict(count_only=True), dict(count_only=True, limit=5),
                       dict(serializable=True), dict(revision=current - 5), dict(revision=current),
                       dict(key=b"k00007", range_end=b""), dict(key=b"none", range_end=b""),
                       dict(key=b"k02", range_end=b"\0"), dict(key=b"l", range_end=b"k")):
            with self.subTest(fields):
                self.expect_same_as_range(**fields)

    def test_what_is_refused(self):
        def refusal(**fields):
            return failure_of(lambda: self.pieces(**fields))
        self.assertEqual(refusal(key=b""), ("INVALID_ARGUMENT", "etcdserver: key is not provided"))
        self.assertEqual(refusal(sort_order=2)[0], "UNIMPLEMENTED")
        self.assertEqual(refusal(sort_target=1)[0], "UNIMPLEMENTED")
        self.assertEqual(refusal(min_mod_revision=1)[0], "UNIMPLEMENTED")
        self.assertEqual(refusal(sort_order=9),
                         ("INVALID_ARGUMENT", "etcdserver: invalid sort option"))
        self.assertEqual(refusal(revision=1 << 40)[0], "OUT_OF_RANGE")

    def test_a_stream_under_way_outlives_writes_and_compaction(self):
        before = self.client.range(b"k", range_end=b"l")
        stream = self.client.stream("KV", "RangeStream", key=b"k", range_end=b"l")
        merged = rpc.RangeResponse()
        merged.MergeFrom(next(stream).range_response)
        # The client's windows hold a fraction of the 15 MB, so the rest is read after this.
        self.client.delete(b"k01", range_end=b"k02")
        written = self.client.put(b"k02999", b"new")
        self.client.compact(written.header.revision)
        for each in stream:
            merged.MergeFrom(each.range_response)
        self.assertEqual(merged, before)
        self.assertEqual(failure_of(lambda: self.pieces(revision=before.header.revision))[0],
                         "OUT_OF_RANGE")
        for i in range(1000, 2000, 100):
            self.client.txn(success=[rpc.RequestOp(request_put=rpc.PutRequest(
                key=b"k%05d" % j, value=VALUE)) for j in range(i, i + 100)])


if __name__ == "__main__":
    SERVER = sys.argv[sys.argv.index("--server") + 1]
    unittest.main(argv=sys.argv[:1])
