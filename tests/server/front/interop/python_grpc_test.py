"""gRPC's C core (through python3-grpcio) against the front. usage: python_grpc_test.py SERVER"""

import concurrent.futures
import sys
import threading
import time
import unittest

import grpc

from server_process import ServerProcess

SERVER = None
PATIENCE = 30


def eventually(fact):
    deadline = time.monotonic() + PATIENCE
    while not fact():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.005)
    return True


class PythonGrpcTest(unittest.TestCase):
    def setUp(self):
        self.server = self.enterContext(ServerProcess(SERVER, "--loops=2"))
        self.channel = grpc.insecure_channel(
            self.server.address, options=[("grpc.max_receive_message_length", -1)])
        self.addCleanup(self.channel.close)

    def enterContext(self, context):  # Python 3.11 has it
        result = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        return result

    def unary(self, method, request=b"", timeout=PATIENCE, **more):
        return self.channel.unary_unary("/test.Echo/" + method)(request, timeout=timeout, **more)

    def failure(self, *args, **more):
        with self.assertRaises(grpc.RpcError) as caught:
            self.unary(*args, **more)
        return caught.exception.code(), caught.exception.details()

    def test_unary(self):
        self.assertEqual(self.unary("Unary", b"hello"), b"hello")
        self.assertEqual(self.unary("Unary", b""), b"")
        self.assertEqual(self.unary("Later", b"later"), b"later")

    def test_errors(self):
        self.assertEqual(self.failure("Fail", "9 100% é".encode()),
                         (grpc.StatusCode.FAILED_PRECONDITION, "100% é"))
        self.assertEqual(self.failure("Nothing"),
                         (grpc.StatusCode.UNIMPLEMENTED,
                          "unknown method Nothing for service test.Echo"))
        self.assertEqual(self.failure("Unary", b"x" * 3000000),
                         (grpc.StatusCode.RESOURCE_EXHAUSTED,
                          "grpc: received message larger than max (3000000 vs. 2097152)"))

    def test_compression_is_refused(self):
        code, _ = self.failure("Unary", b"x" * 1000, compression=grpc.Compression.Gzip)
        self.assertEqual(code, grpc.StatusCode.UNIMPLEMENTED)

    def test_metadata(self):
        self.assertEqual(self.unary("Metadata", b"token", metadata=[("token", "t1")]), b"t1")
        self.assertEqual(self.unary("Metadata", b"k-bin", metadata=[("k-bin", b"\0\xff")]),
                         b"\0\xff")

    def test_large_messages(self):
        answer = self.unary("Large", b"104857600")
        self.assertEqual(len(answer), 104857600)
        alphabet = b"abcdefghijklmnopqrstuvw"
        self.assertTrue((alphabet * (104857600 // 23 + 1))[:104857600] == answer)
        self.assertEqual(self.unary("Unary", b"r" * 2000000), b"r" * 2000000)

    def test_streams_both_ways(self):
        messages = [str(i).encode() * (i % 500) for i in range(2000)]
        echo = self.channel.stream_stream("/test.Echo/Bidi")(iter(messages), timeout=PATIENCE)
        self.assertEqual(list(echo), messages)
        count = self.channel.stream_unary("/test.Echo/Count")
        self.assertEqual(count(iter([b"x" * 100000] * 100), timeout=PATIENCE), b"100 10000000")
        push = self.channel.unary_stream("/test.Echo/ServerStream")(b"1000 3", timeout=PATIENCE)
        self.assertEqual(list(push), [b"abc"] * 1000)

    def test_slow_reader(self):
        push = self.channel.stream_stream("/test.Echo/Push")(iter([b"3000 10000"]),
                                                             timeout=PATIENCE)
        received = 0
        for message in push:
            received += len(message)
            if received % 5000000 == 0:
                time.sleep(0.05)  # the reader is slow; nothing is waited for
        self.assertEqual(received, 30000000)
        self.assertLess(self.server.stats()["queued_max"], 300000)

    def test_deadline(self):
        start = time.monotonic()
        code, _ = self.failure("Hold", timeout=0.1)
        self.assertEqual(code, grpc.StatusCode.DEADLINE_EXCEEDED)
        self.assertLess(time.monotonic() - start, 10)
        self.assertTrue(eventually(lambda: self.server.stats()["held"] == 0))

    def test_cancel(self):
        ready = threading.Event()

        def requests():
            yield b"x"
            ready.wait(PATIENCE)

        call = self.channel.stream_stream("/test.Echo/Bidi")(requests())
        self.assertEqual(next(call), b"x")
        call.cancel()
        ready.set()
        self.assertTrue(eventually(lambda: self.server.stats()["cancelled"] == 1))
        self.assertEqual(self.server.stats()["alive"], 0)

    def test_thousands_of_streams(self):
        method = self.channel.unary_unary("/test.Echo/Later")
        calls = [method.future(str(i).encode(), timeout=PATIENCE) for i in range(5000)]
        self.assertEqual([call.result() for call in calls],
                         [str(i).encode() for i in range(5000)])
        held = [self.channel.unary_unary("/test.Echo/Hold").future(b"") for _ in range(900)]
        self.assertTrue(eventually(lambda: self.server.stats()["held"] == 900))
        for call in held:
            call.cancel()
        self.assertTrue(eventually(lambda: self.server.stats()["held"] == 0))
        self.assertEqual(self.unary("Unary", b"still"), b"still")

    def test_terminate_ends_streams_and_finishes_calls(self):
        release = threading.Event()

        def requests():
            yield b"x"
            release.wait(PATIENCE)

        stream = self.channel.stream_stream("/test.Echo/Bidi")(requests())
        self.assertEqual(next(stream), b"x")
        with concurrent.futures.ThreadPoolExecutor() as pool:
            large = pool.submit(self.unary, "Large", b"50000000")
            self.assertEqual(len(large.result()), 50000000)
        self.server.terminate()
        with self.assertRaises(grpc.RpcError) as caught:
            next(stream)
        release.set()
        self.assertEqual(caught.exception.code(), grpc.StatusCode.UNAVAILABLE)
        self.assertEqual(caught.exception.details(), "etcdserver: server stopped")
        self.assertEqual(self.server.wait(), 0)


if __name__ == "__main__":
    SERVER = sys.argv.pop(1)
    unittest.main()
