#!/usr/bin/env bash
# How long a killed server takes until it gives an update's receipt again: started as in the image,
# with an AOT cache; a model of 25 million parameters whose open round has one update of two.
# Use: ready-again.sh [ARCHIVE [TIMES]]
set -euo pipefail
archive=$(realpath "${1:-$(ls target/fedstep-[0-9]*.tar.gz)}")
folder=$(mktemp -d)
server=
trap 'kill $server 2>/dev/null; wait; rm -rf "$folder"' EXIT
cd "$folder"

tar xzf "$archive" --strip-components=1
bin/fedstep warm >/dev/null
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
model=http://127.0.0.1:$port/v1/models/large

start() {
  JAVA_OPTS=-Xmx512m bin/fedstep --server.port="$port" >server.log 2>&1 &
  server=$!
}
answers() { # an address that answers, within a minute
  local end=$((SECONDS + 60))
  until curl -sf "$1" >/dev/null; do
    [ $SECONDS -lt $end ] || { cat server.log >&2; exit 1; }
    sleep 0.05
  done
}
submit() { curl -sf -o /dev/null -T update -H 'Content-Type: application/octet-stream' "$model/rounds/$1/updates/$2"; }

head -c 100000000 /dev/zero >update
start
answers "http://127.0.0.1:$port/actuator/health/readiness"
curl -sf -o /dev/null -X PUT "$model" -H 'Content-Type: application/json' \
  -d '{"tensors": {"w": [25000000]}, "round": {"min_updates": 2}}'
submit 0 alice
submit 0 bob
curl -sf -o /dev/null "$model/rounds/current?after=0&wait=60s"
submit 1 alice
for _ in $(seq "${2:-5}"); do
  kill -9 "$server"
  wait "$server" 2>/dev/null || true
  begin=$(date +%s%N)
  start
  answers "$model/rounds/1/updates/alice"
  echo "ready again after $((($(date +%s%N) - begin) / 1000000)) ms"
done
