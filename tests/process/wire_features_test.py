"""What the gRPC libraries of etcd's many clients put on the wire, sent by hand: headers, deadlines,
encodings, framing, streams, pings, shutdown. usage: wire_features_test.py --server STELED

Every case has the answer that etcd gives; OF_ETCD_3_4 lists those of the release in Debian that later
ones changed.
"""

import gzip
import subprocess
import sys
import tempfile
import time
import unittest

import raw_grpc
from etcdctl_cluster import Cluster
from raw_grpc import RawConnection, message
from wire_client import rpc

SERVER = sys.argv[sys.argv.index("--server") + 1]
IS_STELE = SERVER.endswith("steled")

RANGE = "/etcdserverpb.KV/Range"
PUT = "/etcdserverpb.KV/Put"
WATCH = "/etcdserverpb.Watch/Watch"
KEEP_ALIVE = "/etcdserverpb.Lease/LeaseKeepAlive"
READ = rpc.RangeRequest(key=b"k").SerializeToString()
WATCH_K = rpc.WatchRequest(create_request=rpc.WatchCreateRequest(key=b"k")).SerializeToString()
OK = "200 application/grpc 0"


def failed(code, text):
    return f"200 application/grpc {code} {text}"


def no_decompressor(name):
    return failed(12, f'grpc: Decompressor is not installed for grpc-encoding "{name}"')


# Name: (the message or messages as sent, headers, what replaces the usual headers, the outcome).
UNARY = {
    # grpc-go, grpc-java, C core, tonic, grpc-js, .NET and what else calls itself a client.
    "go": (message(READ), [("grpc-timeout", "4999m")], {
        "user_agent": "grpc-go/1.58.3", "__authority": "127.0.0.1:2379"}, OK),
    "go 3.4": (message(READ), [("hasleader", "true"), ("client-api-version", "3.5")], {
        "user_agent": "grpc-go/1.26.0",
        "__authority": "endpoint://client-c2a1b2a4-1c5b-4f0d-9d4b-0d3ab8a1a2d1/127.0.0.1:2379"}, OK),
    "go 3.6": (message(READ), [("hasleader", "true")], {
        "user_agent": "grpc-go/1.71.1", "__authority": "#initially=[127.0.0.1:2379]"}, OK),
    "jetcd": (message(READ), [("grpc-accept-encoding", "gzip"), ("grpc-timeout", "99999999n")], {
        "user_agent": "grpc-java-netty/1.60.0"}, OK),
    "jetcd with a name": (message(READ), [], {"__authority": "etcd.example.org:2379"}, OK),
    "tonic": (message(READ), [], {"user_agent": "tonic/0.10.2"}, OK),
    "dotnet-etcd": (message(READ), [("grpc-accept-encoding", "identity,gzip,deflate")], {
        "user_agent": "grpc-dotnet/2.59.0 (.NET 8.0; CLR 8.0; net8.0; linux; x64)"}, OK),
    "C core": (message(READ), [("grpc-accept-encoding", "identity, deflate, gzip")], {
        "user_agent": "grpc-python/1.51.1 grpc-c/29.0.0 (linux; chttp2)"}, OK),
    "grpc-js": (message(READ), [("grpc-accept-encoding", "identity,deflate,gzip"),
                                ("accept-encoding", "identity")], {
        "user_agent": "grpc-node-js/1.9.13"}, OK),
    "no user agent": (message(READ), [], {"user_agent": None}, OK),
    "a long user agent": (message(READ), [], {"user_agent": "x" * 4000}, OK),
    "no te": (message(READ), [], {"te": None}, OK),
    "no authority": (message(READ), [], {"__authority": None}, OK),
    "authority of IPv6": (message(READ), [], {"__authority": "[::1]:2379"}, OK),
    "https behind a proxy": (message(READ), [], {"__scheme": "https"}, OK),
    "metadata": (message(READ), [("x-a", "1"), ("x-a", "2"), ("x-bin", "AAECAw"),
                                 ("y-bin", "AAEC,AwQ"), ("z-bin", "!!!")], {}, OK),
    "tracing": (message(READ), [("traceparent", "00-" + "a" * 32 + "-" + "b" * 16 + "-01"),
                                ("grpc-trace-bin", "AA"), ("grpc-tags-bin", "AA")], {}, OK),
    "metadata of 15000 bytes": (message(READ), [("x-large", "v" * 15000)], {}, OK),
    "300 fields of metadata": (message(READ), [(f"x-{i}", "1") for i in range(300)], {}, OK),
    # Deadlines in all units.
    **{f"timeout {text}": (message(READ), [("grpc-timeout", text)], {}, OK)
       for text in ("9H", "99999999H", "9M", "9S", "9000m", "9000000u", "99999999u")},
    **{f"timeout '{text}'": (message(READ), [("grpc-timeout", text)], {},
                             failed(13, f'malformed grpc-timeout: "{text}"'))
       for text in ("1", "1x", "S", "123456789S", "1.5S")},
    # Compression, which etcd does not have.
    "identity": (message(READ), [("grpc-encoding", "identity")], {}, OK),
    "gzip": (message(gzip.compress(READ), 1), [("grpc-encoding", "gzip")], {},
             no_decompressor("gzip")),
    "gzip, but not this message": (message(READ), [("grpc-encoding", "gzip")], {},
                                   no_decompressor("gzip")),
    "snappy": (message(READ, 1), [("grpc-encoding", "snappy")], {}, no_decompressor("snappy")),
    "compressed by nothing": (message(READ, 1), [], {}, failed(
        13, "grpc: compressed flag set with identity or empty encoding")),
    "compressed by identity": (message(READ, 1), [("grpc-encoding", "identity")], {}, failed(
        13, "grpc: compressed flag set with identity or empty encoding")),
    "an unknown flag": (message(READ, 2), [], {}, failed(
        13, "grpc: received unexpected payload format 2")),
    # Messages.
    "an empty message": (message(b""), [], {}, failed(3, "etcdserver: key is not provided")),
    "unknown fields": (message(READ + b"\xf8\x3f\x01\xfa\x3f\x03abc\xfd\x3f1234"), [], {}, OK),
    "a field twice": (message(READ + READ), [], {}, OK),
}

# Release 3.4 ends the stream without an answer.
RESET = "reset 1"
OF_ETCD_3_4 = {f"timeout '{text}'": RESET for text in ("1", "1x", "S", "123456789S", "1.5S")}

PATHS = {
    "/etcdserverpb.KV/Nothing": failed(12, "unknown method Nothing for service etcdserverpb.KV"),
    "/etcdserverpb.None/Range": failed(12, "unknown service etcdserverpb.None"),
    "/etcdserverpb.KV/Range/": failed(12, "unknown service etcdserverpb.KV/Range"),
    "/etcdserverpb.KV/Range?x=1": failed(12, "unknown method Range?x=1 for service etcdserverpb.KV"),
    "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo":
        failed(12, "unknown service grpc.reflection.v1alpha.ServerReflection"),
    "/none": failed(12, 'malformed method name: "/none"'),
}
PATHS_OF_ETCD_3_4 = {"/none": failed(8, 'malformed method name: "/none"')}


class WireTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory(prefix="stele-wire-")
        cls.cluster = Cluster(SERVER, f"{cls.directory.name}/run", members=1)
        cls.address = cls.cluster.clients[0]

    @classmethod
    def tearDownClass(cls):
        cls.cluster.stop()
        cls.directory.cleanup()

    def connect(self, **more):
        connection = RawConnection(self.address, **more)
        self.addCleanup(connection.socket.close)
        return connection

    def put(self, value=b"v"):
        self.connect().unary(PUT, message(rpc.PutRequest(key=b"k", value=value)
                                          .SerializeToString()))

    def watch(self, connection):
        """A stream with a watch that has been created."""
        stream = connection.open(WATCH)
        connection.send(stream, message(WATCH_K))
        self.assertTrue(connection.wait(lambda: connection.answers[stream].messages))
        return stream


class UnaryTest(WireTest):
    def test_outcomes(self):
        for name, (data, headers, changed, outcome) in UNARY.items():
            if not IS_STELE:
                outcome = OF_ETCD_3_4.get(name, outcome)
            with self.subTest(name), RawConnection(self.address) as connection:
                self.assertEqual(connection.unary(RANGE, data, headers, **changed).outcome(),
                                 outcome)

    def test_paths(self):
        for path, outcome in PATHS.items():
            if not IS_STELE:
                outcome = PATHS_OF_ETCD_3_4.get(path, outcome)
            with self.subTest(path), RawConnection(self.address) as connection:
                self.assertEqual(connection.unary(path, message(READ)).outcome(), outcome)

    def test_content_types(self):
        # What is answered differs by a suffix; clients look at the beginning.
        for text in ("application/grpc", "application/grpc+proto", "application/grpc;charset=utf-8"):
            with self.subTest(text), RawConnection(self.address) as connection:
                answer = connection.unary(RANGE, message(READ), content_type=text)
                self.assertEqual(answer.status, (0, ""))
                self.assertTrue(answer.headers["content-type"].startswith("application/grpc"))
        for text in ("application/json", "text/plain", "application/grpcx", ""):
            with self.subTest(text), RawConnection(self.address) as connection:
                answer = connection.unary(RANGE, message(READ), content_type=text)
                self.assertEqual(answer.messages, [])
                self.assertNotEqual(answer.status[0], 0)

    def test_a_deadline_that_is_over(self):
        for text in ("1n", "0S"):
            with RawConnection(self.address) as connection:
                answer = connection.unary(RANGE, message(READ), [("grpc-timeout", text)])
                self.assertIn(answer.status[0], (4,) if IS_STELE else (2, 4))
                self.assertEqual(answer.status[1], "context deadline exceeded")

    def test_malformed_messages(self):
        for name, data in {"none": b"", "half a length": b"\0\0", "cut off": message(READ)[:-1],
                           "no protobuf": message(b"\xff\xff\xff")}.items():
            with self.subTest(name), RawConnection(self.address) as connection:
                answer = connection.unary(RANGE, data)
                self.assertIn(answer.status[0], (2, 13))
                self.assertEqual(connection.unary(RANGE, message(READ)).outcome(), OK)

    def test_messages_that_are_too_large(self):
        with RawConnection(self.address) as connection:
            large = rpc.PutRequest(key=b"k", value=b"x" * 1600000).SerializeToString()
            self.assertEqual(connection.unary(PUT, message(large)).outcome(),
                             failed(3, "etcdserver: request is too large"))
            larger = rpc.PutRequest(key=b"k", value=b"x" * 2200000).SerializeToString()
            answer = connection.unary(PUT, message(larger))
            self.assertEqual(answer.status, (
                8, f"grpc: received message larger than max ({len(larger)} vs. 2097152)"))
            self.assertEqual(connection.unary(RANGE, message(READ)).outcome(), OK)

    def test_large_metadata_harms_nobody_else(self):
        with RawConnection(self.address) as connection:
            watch = self.watch(connection)
            connection.unary(RANGE, message(READ), [("x-large", "v" * 30000)])
            self.assertEqual(connection.unary(RANGE, message(READ)).outcome(), OK)
            self.put()
            self.assertTrue(connection.wait(lambda: len(connection.answers[watch].messages) > 1))


class FramingTest(WireTest):
    def test_a_message_in_many_frames(self):
        connection = self.connect()
        stream = connection.open(RANGE)
        for byte in message(READ)[:-1]:
            connection.send(stream, bytes([byte]))
        connection.send(stream, message(READ)[-1:], end=True)
        self.assertEqual(connection.finish(stream).outcome(), OK)

    def test_padding(self):
        connection = self.connect()
        stream = connection.open(RANGE)
        connection.h2.send_data(stream, message(READ), end_stream=True, pad_length=200)
        connection.flush()
        self.assertEqual(connection.finish(stream).outcome(), OK)

    def test_trailers_of_the_request(self):
        connection = self.connect()
        stream = connection.open(RANGE)
        connection.send(stream, message(READ))
        connection.h2.send_headers(stream, [("x-trailer", "1")], end_stream=True)
        connection.flush()
        self.assertEqual(connection.finish(stream).outcome(), OK)

    def test_several_messages_in_one_frame(self):
        connection = self.connect()
        stream = connection.open(WATCH)
        connection.send(stream, message(WATCH_K) * 20)
        answer = connection.answers[stream]
        self.assertTrue(connection.wait(lambda: len(answer.messages) == 20))
        told = [rpc.WatchResponse.FromString(each) for each in answer.messages]
        self.assertEqual([each.watch_id for each in told], list(range(20)))
        self.assertTrue(all(each.created for each in told))

    def test_a_reader_without_credit(self):
        self.put(b"x" * 500000)
        connection = self.connect()
        connection.acknowledges = False
        stream = connection.open(RANGE)
        connection.send(stream, message(READ), end=True)
        answer = connection.answers[stream]
        self.assertTrue(connection.wait(lambda: len(answer.data) == 65535))
        self.assertTrue(connection.ping())
        self.assertFalse(answer.ended)
        connection.acknowledges = True
        connection.h2.increment_flow_control_window(1000000)
        connection.h2.increment_flow_control_window(1000000, stream)
        connection.flush()
        self.assertEqual(connection.finish(stream).outcome(), OK)
        self.put()


class StreamsTest(WireTest):
    def test_300_calls_on_one_connection(self):
        connection = self.connect()
        watch = self.watch(connection)
        streams = [connection.open(RANGE) for _ in range(300)]
        for stream in reversed(streams):
            connection.send(stream, message(READ), end=True)
        self.assertEqual({connection.finish(stream).outcome() for stream in streams}, {OK})
        self.put()
        self.assertTrue(connection.wait(lambda: len(connection.answers[watch].messages) > 1))

    def test_a_stream_that_is_reset(self):
        connection = self.connect()
        watch = self.watch(connection)
        connection.h2.reset_stream(watch, 8)
        connection.flush()
        self.put()
        self.assertEqual(connection.unary(RANGE, message(READ)).outcome(), OK)

    def test_a_deadline_ends_a_stream(self):
        connection = self.connect()
        stream = connection.open(WATCH, [("grpc-timeout", "300m")])
        start = time.monotonic()
        connection.send(stream, message(WATCH_K))
        answer = connection.finish(stream)
        self.assertTrue(answer.ended)
        self.assertGreaterEqual(time.monotonic() - start, 0.29)
        self.assertEqual(connection.unary(RANGE, message(READ)).outcome(), OK)

    def test_keep_alive_ends_with_the_client_s_half(self):
        connection = self.connect()
        stream = connection.open(KEEP_ALIVE)
        for lease in (5, 6, 7):
            connection.send(stream, message(rpc.LeaseKeepAliveRequest(ID=lease)
                                            .SerializeToString()))
        answer = connection.answers[stream]
        self.assertTrue(connection.wait(lambda: len(answer.messages) == 3))
        told = [rpc.LeaseKeepAliveResponse.FromString(each) for each in answer.messages]
        self.assertEqual([(each.ID, each.TTL) for each in told], [(5, 0), (6, 0), (7, 0)])
        connection.send(stream, b"", end=True)
        self.assertEqual(connection.finish(stream).outcome(), OK)

    def test_the_client_says_that_it_goes(self):
        connection = self.connect()
        watch = self.watch(connection)
        # No new streams, but those that are open go on.
        connection.socket.sendall(b"\0\0\x08\x07\0\0\0\0\0" + b"\0" * 8)
        self.put()
        self.assertTrue(connection.wait(lambda: len(connection.answers[watch].messages) > 1))


class KeepaliveTest(WireTest):
    def test_pings_of_a_client_with_streams(self):
        connection = self.connect()
        self.watch(connection)
        self.assertTrue(connection.ping())
        self.assertTrue(connection.ping(b"87654321"))

    def test_too_many_pings(self):
        connection = self.connect()
        self.assertEqual(connection.unary(RANGE, message(READ)).outcome(), OK)
        self.assertFalse(all(connection.ping(b"%08d" % i) for i in range(20)))
        connection.wait(lambda: connection.closed)
        self.assertEqual(connection.goaway, 11)  # ENHANCE_YOUR_CALM
        self.assertEqual(self.connect().unary(RANGE, message(READ)).outcome(), OK)


class ShutdownTest(WireTest):
    def test_the_server_goes_and_comes_back(self):
        connection = self.connect()
        watch = self.watch(connection)
        self.cluster.processes[0].terminate()
        connection.wait(lambda: connection.closed)
        self.assertTrue(connection.closed)
        answer = connection.answers[watch]
        # A status that a client may try again on, or none at all because the connection broke.
        self.assertIn(answer.status[0], (None, 14))
        try:
            self.cluster.processes[0].wait(timeout=raw_grpc.PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.fail("the server does not end")
        self.cluster.start_member(0)
        deadline = time.monotonic() + raw_grpc.PATIENCE_S
        while True:
            try:
                outcome = self.connect().unary(RANGE, message(READ)).outcome()
                if outcome == OK:
                    return
            except OSError:
                pass
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])
