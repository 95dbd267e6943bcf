"""Lock and Election of steled. usage: lock_election_test.py --server STELED"""

import queue
import sys
import tempfile
import threading
import time
import unittest

from etcdctl_cluster import Cluster
from wire_client import PATIENCE_S, WireClient, election, failure_of

SERVER = None


class QueueTest(unittest.TestCase):
    """Three members: each client waits on another one than the one that releases it."""

    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory(prefix="stele-lock-")
        cls.cluster = Cluster(SERVER, f"{cls.directory.name}/run", members=3)
        cls.clients = [WireClient(address) for address in cls.cluster.clients]
        cls.client = cls.clients[0]

    @classmethod
    def tearDownClass(cls):
        for client in cls.clients:
            client.close()
        cls.cluster.stop()
        cls.directory.cleanup()

    def setUp(self):
        self.name = self.id().rsplit(".", maxsplit=1)[-1].encode()

    def lease(self, ttl=60):
        return self.client.call("Lease", "LeaseGrant", TTL=ttl).ID

    def keys(self):
        found = self.client.range(self.name + b"/", range_end=self.name + b"0")
        return [kv.key for kv in found.kvs]

    def wait_for_keys(self, count):
        deadline = time.monotonic() + PATIENCE_S
        while len(self.keys()) != count:
            self.assertLess(time.monotonic(), deadline, self.keys())
            time.sleep(0.01)


class LockTest(QueueTest):
    def lock(self, lease=0, member=0):
        return self.clients[member].start("Lock", "Lock", name=self.name, lease=lease)

    def unlock(self, key, member=0):
        self.clients[member].call("Lock", "Unlock", key=key)

    def test_key_and_header(self):
        lease = self.lease()
        locked = self.lock(lease).result()
        self.assertEqual(locked.key, self.name + b"/%x" % lease)
        found = self.client.range(locked.key)
        self.assertEqual(found.kvs[0].lease, lease)
        self.assertEqual(locked.header.revision, found.kvs[0].create_revision)
        # Whoever holds it gets it again.
        self.assertEqual(self.lock(lease).result().key, locked.key)
        unlocked = self.client.call("Lock", "Unlock", key=locked.key)
        self.assertEqual(unlocked.header.revision, found.header.revision + 1)
        self.assertEqual(self.keys(), [])

    def test_without_a_lease_there_is_one_of_a_minute(self):
        locked = self.lock().result()
        lease = self.client.range(locked.key).kvs[0].lease
        left = self.client.call("Lease", "LeaseTimeToLive", ID=lease)
        self.assertEqual(left.grantedTTL, 60)
        self.unlock(locked.key)

    def test_in_the_order_of_coming(self):
        first = self.lock(self.lease()).result()
        waiting = []
        for member in (1, 2, 0, 1):
            waiting.append(self.lock(self.lease(), member))
            self.wait_for_keys(1 + len(waiting))
        held = first.key
        for i, each in enumerate(waiting):
            self.assertFalse(any(later.done() for later in waiting[i:]))
            self.unlock(held, member=i % 3)
            held = each.result().key
        self.unlock(held)
        self.assertEqual(self.keys(), [])

    def test_who_leaves_the_middle_lets_nobody_pass(self):
        first = self.lock(self.lease()).result()
        leases = [self.lease(), self.lease()]
        second = self.lock(leases[0], 1)
        self.wait_for_keys(2)
        third = self.lock(leases[1], 2)
        self.wait_for_keys(3)
        self.client.call("Lease", "LeaseRevoke", ID=leases[0])
        self.wait_for_keys(2)
        self.assertFalse(third.done())
        self.unlock(first.key)
        self.unlock(third.result().key)
        self.assertEqual(failure_of(second.result), ("UNKNOWN", "mutex: session is expired"))

    def test_a_cancelled_wait_leaves_nothing(self):
        first = self.lock(self.lease()).result()
        waiting = self.lock(self.lease(), 1)
        self.wait_for_keys(2)
        waiting.cancel()
        self.wait_for_keys(1)
        self.unlock(first.key)
        self.lock(self.lease()).result()

    def test_unknown_lease(self):
        self.assertEqual(failure_of(self.lock(12345).result),
                         ("NOT_FOUND", "etcdserver: requested lease not found"))

    def test_the_lock_ends_with_its_lease(self):
        self.lock(self.lease(ttl=2)).result()
        second = self.lock(self.lease(), 1)
        second.result()

    def test_compaction_does_not_disturb_who_waits(self):
        first = self.lock(self.lease()).result()
        waiting = self.lock(self.lease(), 1)
        self.wait_for_keys(2)
        for i in range(20):
            written = self.client.put(b"elsewhere", b"%d" % i)
        self.client.compact(written.header.revision)
        self.assertFalse(waiting.done())
        self.unlock(first.key)
        waiting.result()

    def test_one_at_a_time(self):
        counter = []
        inside = threading.Semaphore(1)

        def work(member):
            for _ in range(10):
                held = self.lock(0, member).result()
                self.assertTrue(inside.acquire(blocking=False))
                counter.append(member)
                inside.release()
                self.unlock(held.key, member)
        threads = [threading.Thread(target=work, args=(i % 3,)) for i in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE_S)
        self.assertEqual(len(counter), 60)


class ElectionTest(QueueTest):
    def campaign(self, value, lease=0, member=0):
        return self.clients[member].start("Election", "Campaign", name=self.name, value=value,
                                          lease=lease)

    def leader_value(self):
        return self.client.call("Election", "Leader", name=self.name).kv.value

    def test_campaign_proclaim_resign(self):
        self.assertEqual(failure_of(self.leader_value), ("UNKNOWN", "election: no leader"))
        lease = self.lease()
        won = self.campaign(b"one", lease).result()
        self.assertEqual(won.leader.name, self.name)
        self.assertEqual(won.leader.key, self.name + b"/%x" % lease)
        self.assertEqual(won.leader.lease, lease)
        self.assertEqual(won.leader.rev, won.header.revision)
        told = self.client.call("Election", "Leader", name=self.name)
        self.assertEqual((told.kv.key, told.kv.value), (won.leader.key, b"one"))
        self.client.call("Election", "Proclaim", leader=won.leader, value=b"two")
        self.assertEqual(self.leader_value(), b"two")
        # Campaigning again changes the value, too.
        again = self.campaign(b"three", lease).result()
        self.assertEqual(again.leader, won.leader)
        self.assertEqual(self.leader_value(), b"three")
        self.client.call("Election", "Resign", leader=won.leader)
        self.assertEqual(self.keys(), [])
        self.client.call("Election", "Resign", leader=won.leader)
        self.assertEqual(
            failure_of(lambda: self.client.call("Election", "Proclaim", leader=won.leader)),
            ("UNKNOWN", "election: not leader"))

    def test_leader_must_be_given(self):
        missing = ("UNKNOWN", '"leader" field must be provided')
        for method in ("Proclaim", "Resign"):
            self.assertEqual(failure_of(lambda: self.client.call("Election", method)), missing)

    def test_the_next_one_leads(self):
        first = self.campaign(b"one", self.lease()).result()
        second = self.campaign(b"two", self.lease(), 1)
        self.wait_for_keys(2)
        self.assertEqual(self.leader_value(), b"one")
        self.client.call("Election", "Resign", leader=first.leader)
        second.result()
        self.assertEqual(self.leader_value(), b"two")

    def test_a_cancelled_campaign_resigns(self):
        self.campaign(b"one", self.lease()).result()
        second = self.campaign(b"two", self.lease(), 1)
        self.wait_for_keys(2)
        second.cancel()
        self.wait_for_keys(1)

    def test_observe_tells_every_change(self):
        stream = self.clients[2].stream("Election", "Observe", name=self.name)
        told = queue.Queue()

        def read():
            try:
                for response in stream:
                    told.put((response.kv.value, response.header.revision))
            except Exception:  # cancelled at the end
                told.put(None)
        reader = threading.Thread(target=read)
        reader.start()
        first = self.campaign(b"one", self.lease()).result()
        self.assertEqual(told.get(timeout=PATIENCE_S), (b"one", first.leader.rev))
        proclaimed = self.client.call("Election", "Proclaim", leader=first.leader, value=b"two")
        self.assertEqual(told.get(timeout=PATIENCE_S), (b"two", proclaimed.header.revision))
        second = self.campaign(b"three", self.lease(), 1)
        self.wait_for_keys(2)
        self.client.call("Election", "Resign", leader=first.leader)
        self.assertEqual(told.get(timeout=PATIENCE_S)[0], b"three")
        self.client.call("Election", "Resign", leader=second.result().leader)
        third = self.campaign(b"four", self.lease()).result()
        self.assertEqual(told.get(timeout=PATIENCE_S)[0], b"four")
        stream.cancel()
        self.assertIsNone(told.get(timeout=PATIENCE_S))
        reader.join()
        self.client.call("Election", "Resign", leader=election.LeaderKey(
            key=third.leader.key, rev=third.leader.rev + 1))
        self.assertEqual(self.leader_value(), b"four")


if __name__ == "__main__":
    SERVER = sys.argv[sys.argv.index("--server") + 1]
    unittest.main(argv=sys.argv[:1])
