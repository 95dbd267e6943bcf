"""The API through Python's gRPC, with messages made from proto/ on the spot, for tests that must see
every field of an answer. No retries: what the member answers is what the caller sees."""

import importlib
import pathlib
import shutil
import subprocess
import sys
import tempfile

import grpc

PATIENCE_S = 30
_PROTO = pathlib.Path(__file__).resolve().parents[2] / "proto"


def _load_messages():
    """Python modules of the protocol, made in a directory that is gone when they are loaded."""
    directory = tempfile.mkdtemp(prefix="stele-proto-")
    try:
        names = ["mvcc", "auth", "rpc", "lock", "election"]
        subprocess.run(["protoc", f"--proto_path={_PROTO.parent}", f"--python_out={directory}"]
                       + [str(_PROTO / f"{name}.proto") for name in names], check=True)
        sys.path.insert(0, directory)
        return [importlib.import_module(f"proto.{name}_pb2") for name in ("rpc", "lock", "election")]
    finally:
        shutil.rmtree(directory)


rpc, lock, election = _load_messages()

_SERVICES = {service.name: service for module in (rpc, lock, election)
             for service in module.DESCRIPTOR.services_by_name.values()}
_MODULES = {module.DESCRIPTOR.package: module for module in (rpc, lock, election)}


def _class_of(descriptor):
    return getattr(_MODULES[descriptor.file.package], descriptor.name)


class WireClient:
    """client.call("KV", "Put", key=b"k") -> PutResponse; errors are grpc.RpcError."""

    def __init__(self, address):
        self.channel = grpc.insecure_channel(
            address, options=[("grpc.max_receive_message_length", -1)])

    def close(self):
        self.channel.close()

    def _method(self, service, method):
        row = _SERVICES[service].methods_by_name[method]
        path = f"/{_SERVICES[service].full_name}/{method}"
        return path, _class_of(row.input_type), _class_of(row.output_type)

    def start(self, service, method, **fields):
        """A unary call under way: a future that can be cancelled."""
        path, request, response = self._method(service, method)
        call = self.channel.unary_unary(path, request.SerializeToString, response.FromString)
        return call.future(request(**fields), timeout=PATIENCE_S, wait_for_ready=True)

    def call(self, service, method, **fields):
        return self.start(service, method, **fields).result()

    def stream(self, service, method, **fields):
        """The responses of a server stream, as an iterator that can be cancelled."""
        path, request, response = self._method(service, method)
        call = self.channel.unary_stream(path, request.SerializeToString, response.FromString)
        return call(request(**fields), timeout=PATIENCE_S, wait_for_ready=True)

    def put(self, key, value=b"", **fields):
        return self.call("KV", "Put", key=key, value=value, **fields)

    def range(self, key, **fields):
        return self.call("KV", "Range", key=key, **fields)

    def delete(self, key, **fields):
        return self.call("KV", "DeleteRange", key=key, **fields)

    def txn(self, **fields):
        return self.call("KV", "Txn", **fields)

    def compact(self, revision, physical=True):
        return self.call("KV", "Compact", revision=revision, physical=physical)


def failure_of(action):
    """The (code, text) with which a call fails; None if it does not."""
    try:
        action()
        return None
    except grpc.RpcError as error:
        return error.code().name, error.details()
