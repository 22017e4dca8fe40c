#!/usr/bin/env bash
# Three Kafka brokers for trials, each a process on loopback, from the jars of the project's tests.
# Not for production: all of them are on one machine, and nobody is asked who he is.
# Use: brokers.sh [-d FOLDER] [-p PORT] COMMAND
#   start     starts those that do not run, waits until they are ready, prints fedstep.kafka.brokers
#   start N   starts broker N (1 to 3) again
#   kill N    kills it, as kill -9 does
#   stop      ends all of them; their data stays in FOLDER
# FOLDER is target/brokers by default. Brokers listen on PORT (19092), PORT+1, PORT+2 and as
# controllers on PORT+10, +11, +12. JAVA (java) and HEAP (320m) are taken from the environment.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
project=$(cd "$here/../.." && pwd)
folder=$project/target/brokers
port=19092

usage() { sed -n '4,10s/^# \{0,1\}//p' "$0" >&2; exit 2; }
while getopts d:p: option; do
  case $option in d) folder=$OPTARG ;; p) port=$OPTARG ;; *) usage ;; esac
done
shift $((OPTIND - 1))

mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
classpath=$folder/classpath

runs() { [ -f "$folder/$1.pid" ] && kill -0 "$(cat "$folder/$1.pid")" 2>/dev/null; }
address() { echo "127.0.0.1:$((port + $1 - 1))"; }
controller() { echo "127.0.0.1:$((port + 9 + $1))"; }
kafka() { # replaces the shell, so that its pid is Java's
  exec "${JAVA:-java}" -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp "$(cat "$classpath")" \
    -Dlogback.configurationFile="$here/logback.xml" "$@"
}

settings() {
  cat "$here/server.properties"
  cat <<PROPERTIES

node.id=$1
listeners=BROKER://$(address "$1"),CONTROLLER://$(controller "$1")
controller.quorum.voters=1@$(controller 1),2@$(controller 2),3@$(controller 3)
log.dirs=$folder/$1
PROPERTIES
}

launch() {
  runs "$1" && return
  settings "$1" >"$folder/$1.properties"
  [ -f "$folder/$1/meta.properties" ] \
    || (kafka -Xmx128m kafka.tools.StorageTool format --cluster-id fedstep-brokers-trial0 \
      --config "$folder/$1.properties") >"$folder/$1.log" 2>&1 \
    || { cat "$folder/$1.log" >&2; exit 1; }
  kafka -Xmx"${HEAP:-320m}" kafka.Kafka "$folder/$1.properties" </dev/null >"$folder/$1.log" 2>&1 &
  echo $! >"$folder/$1.pid"
}

await() {
  local end=$((SECONDS + 60))
  until grep -q 'Kafka Server started' "$folder/$1.log"; do
    runs "$1" && [ $SECONDS -lt $end ] \
      || { echo "broker $1 does not start:" >&2; tail -20 "$folder/$1.log" >&2; exit 1; }
    sleep 0.1
  done
}

end() { # SIGNAL N
  runs "$2" || return 0
  local pid
  pid=$(cat "$folder/$2.pid")
  kill "-$1" "$pid"
  while kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
  rm "$folder/$2.pid"
}

case ${2:-1} in [123]) ;; *) usage ;; esac
case ${1:-} in
  start)
    [ -f "$classpath" ] \
      || (cd "$project" && mvn -q -B dependency:build-classpath -Dmdep.outputFile="$classpath" >&2)
    for n in ${2:-1 2 3}; do launch "$n"; done
    for n in ${2:-1 2 3}; do await "$n"; done
    echo "$(address 1),$(address 2),$(address 3)"
    ;;
  kill) end KILL "${2:?use: kill N}" ;;
  # A majority of controllers has to be there while a broker hands its partitions over: all at once.
  stop)
    for n in 1 2 3; do end TERM "$n" & done
    wait
    ;;
  *) usage ;;
esac
