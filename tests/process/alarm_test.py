"""Alarms, the quota and defragmentation of steled. usage: alarm_test.py --server STELED"""

import json
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request

from etcdctl_cluster import Cluster
from wire_client import PATIENCE_S, WireClient, failure_of, rpc

SERVER = None
NO_SPACE = ("RESOURCE_EXHAUSTED", "etcdserver: mvcc: database space exceeded")
CORRUPT = ("DATA_LOSS", "etcdserver: corrupt cluster")
GET, ACTIVATE, DEACTIVATE = 0, 1, 2


class AlarmTest(unittest.TestCase):
    def start(self, members=1, flags=()):
        directory = tempfile.TemporaryDirectory(prefix="stele-alarm-")
        self.addCleanup(directory.cleanup)
        self.cluster = Cluster(SERVER, f"{directory.name}/run", members=members, flags=flags)
        self.addCleanup(self.cluster.stop)
        self.connect()

    def connect(self):
        self.clients = [WireClient(address) for address in self.cluster.clients]
        self.client = self.clients[0]
        for client in self.clients:
            self.addCleanup(client.close)

    def alarm(self, action, kind=rpc.NONE, member=0, client=None):
        answer = (client or self.client).call("Maintenance", "Alarm", action=action, alarm=kind,
                                              memberID=member)
        self.assertGreater(answer.header.revision, 0)
        return [(each.memberID, each.alarm) for each in answer.alarms]

    def eventually(self, fact):
        deadline = time.monotonic() + PATIENCE_S
        while not fact():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.02)

    def write_txn(self):
        put = rpc.RequestOp(request_put=rpc.PutRequest(key=b"t"))
        return self.client.txn(failure=[rpc.RequestOp(request_txn=rpc.TxnRequest(success=[put]))])

    def test_raised_listed_and_cleared(self):
        self.start()
        self.assertEqual(self.alarm(GET), [])
        self.assertEqual(self.alarm(DEACTIVATE, rpc.NOSPACE, 5), [])
        self.assertEqual(self.alarm(ACTIVATE, rpc.NONE, 5), [])
        self.assertEqual(self.alarm(ACTIVATE, rpc.NOSPACE, 5), [(5, rpc.NOSPACE)])
        self.assertEqual(self.alarm(ACTIVATE, rpc.NOSPACE, 5), [(5, rpc.NOSPACE)])
        self.assertEqual(self.alarm(ACTIVATE, rpc.CORRUPT, 0), [(0, rpc.CORRUPT)])
        self.assertEqual(self.alarm(GET), [(5, rpc.NOSPACE), (0, rpc.CORRUPT)])
        self.assertEqual(self.alarm(GET, rpc.NOSPACE), [(5, rpc.NOSPACE)])
        self.assertEqual(list(self.client.call("Maintenance", "Status").errors),
                         ["memberID:5 alarm:NOSPACE ", "alarm:CORRUPT "])
        self.assertEqual(self.alarm(DEACTIVATE, rpc.NOSPACE, 5), [(5, rpc.NOSPACE)])
        self.assertEqual(self.alarm(GET), [(0, rpc.CORRUPT)])

    def test_no_space_refuses_what_grows(self):
        self.start()
        self.client.put(b"k")
        self.client.call("Lease", "LeaseGrant", ID=9, TTL=100)
        self.alarm(ACTIVATE, rpc.NOSPACE, 5)
        for action in (lambda: self.client.put(b"k"), self.write_txn,
                       lambda: self.client.call("Lease", "LeaseGrant", TTL=100)):
            self.assertEqual(failure_of(action), NO_SPACE)
        # Everything else goes on, and that is how space is made.
        self.assertEqual(self.client.range(b"k").count, 1)
        self.client.txn(success=[rpc.RequestOp(
            request_delete_range=rpc.DeleteRangeRequest(key=b"none"))])
        self.assertEqual(self.client.delete(b"k").deleted, 1)
        self.client.call("Lease", "LeaseRevoke", ID=9)
        self.client.compact(self.client.range(b"k").header.revision)
        self.alarm(DEACTIVATE, rpc.NOSPACE, 5)
        self.client.put(b"k")

    def test_corrupt_refuses_every_change(self):
        self.start()
        self.client.put(b"k")
        self.client.call("Lease", "LeaseGrant", ID=9, TTL=100)
        self.alarm(ACTIVATE, rpc.NOSPACE, 5)
        self.alarm(ACTIVATE, rpc.CORRUPT, 5)
        for action in (lambda: self.client.put(b"k"), self.write_txn,
                       lambda: self.client.delete(b"k"), lambda: self.client.compact(2),
                       lambda: self.client.call("Lease", "LeaseGrant", TTL=100),
                       lambda: self.client.call("Lease", "LeaseRevoke", ID=9)):
            self.assertEqual(failure_of(action), CORRUPT)
        self.assertEqual(self.client.range(b"k").count, 1)
        self.alarm(DEACTIVATE, rpc.CORRUPT, 5)
        self.assertEqual(self.client.delete(b"k").deleted, 1)

    def test_all_members_know_and_a_restart_does_not_forget(self):
        self.start(members=3)
        self.alarm(ACTIVATE, rpc.NOSPACE, 5, client=self.clients[1])
        for client in self.clients:
            self.assertEqual(self.alarm(GET, client=client), [(5, rpc.NOSPACE)])
            self.assertEqual(failure_of(lambda: client.put(b"k")), NO_SPACE)
        hashes = {client.call("Maintenance", "Hash").hash for client in self.clients}
        self.assertEqual(len(hashes), 1)
        for member in range(3):
            self.cluster.kill_member(member)
            self.cluster.start_member(member)
        self.connect()
        self.eventually(lambda: failure_of(lambda: self.alarm(GET)) is None)
        self.assertEqual(self.alarm(GET), [(5, rpc.NOSPACE)])
        self.assertEqual(failure_of(lambda: self.client.put(b"k")), NO_SPACE)

    def health(self, query=""):
        try:
            with urllib.request.urlopen(f"http://{self.cluster.clients[0]}/health{query}",
                                        timeout=PATIENCE_S) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def test_health_tells_of_alarms(self):
        self.start()
        good = (200, {"health": "true", "reason": ""})
        self.assertEqual(self.health(), good)
        self.alarm(ACTIVATE, rpc.NOSPACE, 5)
        self.assertEqual(self.health(), (503, {"health": "false", "reason": "ALARM NOSPACE"}))
        self.assertEqual(self.health("?exclude=NOSPACE"), good)
        self.assertEqual(self.health("?exclude=CORRUPT&serializable=true")[0], 503)

    def test_quota_raises_the_alarm_and_space_can_be_made(self):
        quota = 32 << 20
        self.start(flags=["--quota-backend-bytes", str(quota)])
        value = bytes(1 << 20)
        written = 0
        failure = None
        while failure is None:
            self.assertLess(written, 100)
            failure = failure_of(lambda: self.client.put(b"big%d" % written, value))
            written += failure is None
        self.assertEqual(failure, NO_SPACE)
        self.assertGreater(written, 16)
        member = self.client.call("Maintenance", "Status").header.member_id
        self.assertEqual(self.alarm(GET), [(member, rpc.NOSPACE)])
        self.assertEqual(failure_of(lambda: self.client.put(b"small")), NO_SPACE)
        self.client.delete(b"big", range_end=b"bih")
        self.client.compact(self.client.range(b"k").header.revision)
        self.client.call("Maintenance", "Defragment")
        self.eventually(lambda: self.client.call("Maintenance", "Status").dbSize < quota // 2)
        self.assertEqual(failure_of(lambda: self.client.put(b"small")), NO_SPACE)
        self.alarm(DEACTIVATE, rpc.NOSPACE, member)
        self.client.put(b"small")
        self.assertEqual(self.alarm(GET), [])

    def test_defragment_of_nothing_and_request_limits(self):
        self.start(flags=["--max-request-bytes", "4096", "--max-txn-ops", "2",
                          "--quota-backend-bytes", "-1"])
        answer = self.client.call("Maintenance", "Defragment")
        self.assertEqual(answer.ByteSize(), 0)
        self.assertEqual(failure_of(lambda: self.client.put(b"k", bytes(5000))),
                         ("INVALID_ARGUMENT", "etcdserver: request is too large"))
        ops = [rpc.RequestOp(request_put=rpc.PutRequest(key=b"%d" % i)) for i in range(3)]
        self.assertEqual(failure_of(lambda: self.client.txn(success=ops)),
                         ("INVALID_ARGUMENT", "etcdserver: too many operations in txn request"))


if __name__ == "__main__":
    SERVER = sys.argv[sys.argv.index("--server") + 1]
    unittest.main(argv=sys.argv[:1])
