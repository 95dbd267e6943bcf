"""Runs the front's test server as a child process for an interoperability test."""

import subprocess
import urllib.request


class ServerProcess:
    """Starts on entry; on exit stops it by SIGTERM and demands exit code 0."""

    def __init__(self, binary, *flags):
        self._process = subprocess.Popen([binary, *flags], stdout=subprocess.PIPE, text=True)
        word, port = self._process.stdout.readline().split()
        assert word == "port"
        self.port = int(port)
        self.address = f"127.0.0.1:{self.port}"

    def __enter__(self):
        return self

    def stats(self):
        with urllib.request.urlopen(f"http://{self.address}/stats", timeout=10) as answer:
            pairs = (line.split() for line in answer.read().decode().splitlines())
            return {name: int(value) for name, value in pairs}

    def terminate(self):
        self._process.terminate()

    def wait(self):
        return self._process.wait(timeout=20)

    def __exit__(self, kind, value, trace):
        self._process.terminate()
        try:
            code = self.wait()
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise
        finally:
            self._process.stdout.close()
        if kind is None:
            assert code == 0, f"the server ended with {code}"
