"""npm's etcd3, unchanged, against three members.
usage: npm_etcd3_test.py DIRECTORY --server STELED

Installs the client into DIRECTORY, where the next run finds it. Ends with 77 where there is no
node or no npm. The calls themselves are in npm_etcd3_calls.js; what only this side can do (killing
members) it asks for with a line on its standard output.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

from etcdctl_cluster import Cluster, die_with_parent

PACKAGE = "etcd3@1.1.2"
INSTALL_S = 90
CALLS_S = 120


def install(directory):
    if (directory / "node_modules" / "etcd3").is_dir():
        return
    directory.mkdir(parents=True, exist_ok=True)
    subprocess.run(["npm", "install", "--prefix", str(directory), "--no-audit", "--no-fund",
                    "--loglevel=error", PACKAGE], timeout=INSTALL_S, check=True)


def answer(cluster, line):
    """Does what the line asks for. False if it asks for nothing."""
    words = line.split()
    if words[:2] == ["please", "kill"]:
        cluster.kill_member(int(words[2]))
    elif words[:2] == ["please", "start"]:
        cluster.start_member(int(words[2]))
    else:
        return False
    return True


def main():
    if shutil.which("node") is None or shutil.which("npm") is None:
        print("skipped: node and npm are not installed")
        sys.exit(77)
    modules = pathlib.Path(sys.argv[1])
    server = sys.argv[sys.argv.index("--server") + 1]
    install(modules)
    script = pathlib.Path(__file__).with_name("npm_etcd3_calls.js")
    with tempfile.TemporaryDirectory(prefix="stele-npm-etcd3-") as directory:
        cluster = Cluster(server, f"{directory}/run", members=3)
        calls = subprocess.Popen(
            ["timeout", str(CALLS_S), "node", str(script), *cluster.clients],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, preexec_fn=die_with_parent,
            env={**os.environ, "NODE_PATH": str(modules / "node_modules")})
        for line in calls.stdout:
            if not answer(cluster, line):
                print(line, end="", flush=True)
                continue
            calls.stdin.write("done\n")
            calls.stdin.flush()
        code = calls.wait()
        cluster.stop()
    sys.exit(code)


if __name__ == "__main__":
    main()
