#!/bin/sh
# Copies a data folder while its server runs: backup.sh DATA COPY, where COPY does not exist yet.
# The order is what makes the copy whole; docs/OPERATIONS.md says why.
set -eu
data=$1
copy=$2
tries=100

# What has gone since it was listed is left out: something newer is copied later.
take() {
  cp -p "$1" "$2" 2>/dev/null || [ ! -e "$1" ] || cp -p "$1" "$2" || [ ! -e "$1" ]
}

incarnation() {
  sed 's/.*"incarnation":"\([0-9a-f]*\)".*/\1/' "$1/model.json" 2>/dev/null || true
}

rounds() (
  for round in "$1"/open/*/; do
    [ -d "$round" ] || continue
    to="$2/open/$(basename "$round")"
    mkdir -p "$to"
    take "$round/journal.jsonl" "$to/journal.jsonl"
  done
  for to in "$2"/open/*/; do # every journal is older than every matrix
    [ -d "$to" ] || continue
    take "$1/open/$(basename "$to")/updates.bin" "$to/updates.bin"
  done
)

# A version never changes; one that is still there after it was copied was copied whole. They are
# numbers, listed at one moment: a pattern would look at each again, and find all of them gone.
versions() (
  newest=
  for number in $(ls "$1/versions" 2>/dev/null); do
    version=$1/versions/$number
    to=$2/versions/$number
    newest=$to
    [ ! -d "$to" ] || continue
    if cp -Rp "$version" "$2/.version" 2>/dev/null && [ -d "$version" ]; then
      mv "$2/.version" "$to"
    elif [ -d "$version" ]; then
      cp -Rp "$version" "$2/.again" # it is there, and cannot be read: says why
      return 1
    fi
    rm -rf "$2/.version"
  done
  [ -z "$newest" ] || [ -d "$newest" ]
)

model() (
  mkdir -p "$2/versions" "$2/rounds" "$2/reports" "$2/open"
  take "$1/model.json" "$2/model.json"
  [ -f "$2/model.json" ] || return 0
  rounds "$1" "$2"
  for report in "$1"/reports/*.jsonl; do
    take "$report" "$2/reports/"
  done
  left=$tries
  until versions "$1" "$2"; do # the newest was removed meanwhile, for others that are newer
    left=$((left - 1))
    [ "$left" -gt 0 ] || { echo "$1 has no version that stays" >&2; exit 1; }
  done
  for record in "$1"/rounds/*.json; do
    take "$record" "$2/rounds/"
  done
)

mkdir "$copy" "$copy/models"
cp -p "$data/format.json" "$copy/format.json"
for path in "$data"/models/*/; do
  [ -d "$path" ] || continue
  name=$(basename "$path")
  to="$copy/models/$name"
  left=$tries
  while [ -d "$path" ]; do
    rm -rf "$to"
    model "$path" "$to"
    if [ "$(incarnation "$path")" = "$(incarnation "$to")" ]; then
      break
    fi
    left=$((left - 1)) # it was deleted, and perhaps created anew
    [ "$left" -gt 0 ] || { echo "$path keeps changing" >&2; exit 1; }
  done
  if [ ! -d "$path" ]; then
    rm -rf "$to"
  elif [ ! -f "$to/model.json" ]; then
    rm -rf "$to"
    echo "$path is left out: it had no model.json; was it being deleted?" >&2
  fi
done
sync
