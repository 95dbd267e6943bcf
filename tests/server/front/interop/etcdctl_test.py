"""grpc-go (through Debian's etcdctl) against the front. usage: etcdctl_test.py SERVER"""

import json
import os
import subprocess
import sys

from server_process import ServerProcess


def etcdctl(server, *arguments):
    environment = {**os.environ, "ETCDCTL_API": "3"}
    return subprocess.run(["etcdctl", f"--endpoints={server.address}", *arguments], timeout=20,
                          check=True, capture_output=True, text=True, env=environment).stdout


def main():
    with ServerProcess(sys.argv[1]) as server:
        put = json.loads(etcdctl(server, "put", "key", "value", "-w", "json"))
        assert put["header"]["revision"] == 3, put
        assert etcdctl(server, "get", "key") == "key\nvalue\n"
        large = etcdctl(server, "put", "key", "v" * 100000)
        assert large == "OK\n", large


if __name__ == "__main__":
    main()
