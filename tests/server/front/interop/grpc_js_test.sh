#!/bin/sh
# Installs grpc-js into DIRECTORY (kept for the next run) and tests the front with it.
# usage: grpc_js_test.sh SERVER DIRECTORY
set -eu
server=$1
directory=$2
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$directory"
if [ ! -d "$directory/node_modules/@grpc/grpc-js" ]; then
  if ! timeout 80 npm install --prefix "$directory" --no-audit --no-fund --loglevel=error \
      @grpc/grpc-js@1.9; then
    echo "grpc-js could not be installed from npm: this test needs the network" >&2
    exit 1
  fi
fi
NODE_PATH="$directory/node_modules" exec timeout 110 node "$here/grpc_js_test.js" "$server"
