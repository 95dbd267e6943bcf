"""gRPC by hand, frame by frame, over python3-h2: for what no gRPC library lets its user send."""

import socket
import struct
import sys
import time

try:
    import h2.config
    import h2.connection
    import h2.events
    import h2.exceptions
    import h2.settings
except ImportError:
    print("skipped: the package python3-h2 is not installed")
    sys.exit(77)

PATIENCE_S = 10


def message(payload=b"", compressed=0):
    """One length-prefixed message."""
    return struct.pack(">BI", compressed, len(payload)) + payload


class Answer:
    """What came back on one stream."""

    def __init__(self):
        self.headers = {}
        self.trailers = {}
        self.data = b""
        self.ended = False
        self.reset = None

    @property
    def status(self):
        """(grpc-status, grpc-message), from wherever they are."""
        fields = {**self.headers, **self.trailers}
        code = fields.get("grpc-status")
        return (int(code) if code is not None else None, fields.get("grpc-message", ""))

    @property
    def messages(self):
        found, data = [], self.data
        while len(data) >= 5:
            size = struct.unpack(">I", data[1:5])[0]
            found.append(data[5:5 + size])
            data = data[5 + size:]
        return found

    def outcome(self):
        """All that a client can tell, but for the payload."""
        if self.reset:  # 0 after a status: the rest of the request is not wanted
            return f"reset {self.reset}"
        code, text = self.status
        http = self.headers.get(":status")
        return f"{http} {self.headers.get('content-type')} {code} {text}".strip()


class RawConnection:
    """One HTTP/2 connection."""

    def __init__(self, address, settings=None):
        host, port = address.split(":")
        self.socket = socket.create_connection((host, int(port)), timeout=PATIENCE_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        config = h2.config.H2Configuration(
            client_side=True, header_encoding="utf-8", validate_outbound_headers=False,
            normalize_outbound_headers=False)
        self.h2 = h2.connection.H2Connection(config)
        if settings:
            self.h2.local_settings = h2.settings.Settings(client=True, initial_values=settings)
        self.h2.initiate_connection()
        self.answers = {}
        self.pings = []
        self.goaway = None
        self.unread = b""
        self.closed = False
        self.acknowledges = True  # gives back flow-control credit as it reads
        self.flush()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def flush(self):
        data = self.h2.data_to_send()
        if data:
            self.socket.sendall(data)

    def ping(self, data=b"12345678"):
        """False if the server has had enough of them, or does not answer."""
        try:
            self.h2.ping(data)
            self.flush()
        except (h2.exceptions.ProtocolError, OSError):
            return False
        return self.wait(lambda: data in self.pings)

    def open(self, path, headers=(), end=False, **changed):
        """Sends the headers of a call; `changed` replaces one of the usual (None: leaves it out)."""
        usual = {":method": "POST", ":scheme": "http", ":path": path, ":authority": "localhost",
                 "content-type": "application/grpc", "te": "trailers",
                 "user-agent": "raw-grpc/1"}
        usual.update({name.replace("__", ":").replace("_", "-"): value
                      for name, value in changed.items()})
        stream = self.h2.get_next_available_stream_id()
        self.h2.send_headers(stream, [(name, value) for name, value in usual.items()
                                      if value is not None] + list(headers), end_stream=end)
        self.answers[stream] = Answer()
        self.flush()
        return stream

    def send(self, stream, data, end=False):
        """Stops in the middle if the server ends the stream meanwhile."""
        try:
            self._send(stream, data, end)
        except h2.exceptions.StreamClosedError:
            pass

    def _send(self, stream, data, end):
        while True:
            size = min(len(data), self.h2.local_flow_control_window(stream),
                       self.h2.max_outbound_frame_size)
            if size == len(data):
                break
            if self.answers[stream].ended:
                return
            if size == 0:
                self.pump()
                continue
            self.h2.send_data(stream, data[:size])
            self.flush()
            data = data[size:]
        self.h2.send_data(stream, data, end_stream=end)
        self.flush()

    def pump(self):
        """Waits for something to arrive and takes it."""
        data = self.socket.recv(65536)
        if not data:
            self.closed = True
            return
        self.unread += data
        for frame in self._whole_frames():
            if self.goaway is None:  # After that the library takes nothing more.
                for event in self.h2.receive_data(frame):
                    self._take(event)
        if self.goaway is None:
            self.flush()

    def _whole_frames(self):
        """One at a time: what the library tells of a frame is lost if it dislikes a later one."""
        header_bytes = 9
        while len(self.unread) >= header_bytes:
            size = header_bytes + int.from_bytes(self.unread[:3], "big")
            if len(self.unread) < size:
                return
            frame, self.unread = self.unread[:size], self.unread[size:]
            yield frame

    def _take(self, event):
        answer = self.answers.get(getattr(event, "stream_id", None))
        if isinstance(event, h2.events.ResponseReceived):
            answer.headers = dict(event.headers)
        elif isinstance(event, h2.events.TrailersReceived):
            answer.trailers = dict(event.headers)
        elif isinstance(event, h2.events.DataReceived):
            answer.data += event.data
            if self.acknowledges:
                self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, h2.events.StreamEnded):
            answer.ended = True
        elif isinstance(event, h2.events.StreamReset):
            answer.ended, answer.reset = True, int(event.error_code)
        elif isinstance(event, h2.events.PingAckReceived):
            self.pings.append(event.ping_data)
        elif isinstance(event, h2.events.ConnectionTerminated):
            self.goaway = int(event.error_code)

    def wait(self, condition):
        """False if it does not come true in time or the connection ends before."""
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            if self.closed or time.monotonic() > deadline:
                return False
            try:
                self.pump()
            except OSError:
                self.closed = True
        return True

    def finish(self, stream):
        self.wait(lambda: self.answers[stream].ended)
        return self.answers[stream]

    def unary(self, path, data, headers=(), **changed):
        stream = self.open(path, headers, **changed)
        self.send(stream, data, end=True)
        return self.finish(stream)
