#!/bin/sh
# Copies a data folder while its server runs: backup.sh DATA COPY, where COPY does not exist yet.
# The order is what makes the copy whole; docs/OPERATIONS.md says why.
set -eu
umask 077
LC_ALL=C
export LC_ALL
tries=100

fail() {
  printf 'backup.sh: %s\n' "$1" >&2
  exit 1
}

# A path that no command takes for an option.
plain() {
  case $1 in
    -*) printf './%s' "$1" ;;
    *) printf '%s' "$1" ;;
  esac
}

[ $# -eq 2 ] || fail "give the data folder and the folder of the copy, which does not exist yet"
data=$(plain "$1")
copy=$(plain "$2")
[ -f "$data/format.json" ] && [ -d "$data/models" ] || fail "$data is no data folder of fedstep"
[ ! -e "$copy" ] && [ ! -L "$copy" ] || fail "$copy exists"
above=$(dirname -- "$copy")
[ -d "$above" ] || fail "$above, which is to have the copy, is no folder"
case $(cd -P -- "$above" && pwd -P)/ in
  "$(cd -P -- "$data" && pwd -P)"/*) fail "$copy is inside $data: a copy there is lost with it" ;;
esac
# Asked for by name: what goes while it is looked at has no type, and is neither file nor folder.
odd=$(find "$data/format.json" "$data/models" \
  \( -type l -o -type p -o -type s -o -type b -o -type c \) 2>/dev/null | head -n 1)
[ -z "$odd" ] || fail "$odd is a link, or no file of bytes: a copy would not have what is behind it"

# What has gone since it was listed is left out: something newer is copied later.
take() {
  cp -pP "$1" "$2" 2>/dev/null || [ ! -e "$1" ] || cp -pP "$1" "$2" || [ ! -e "$1" ]
}

# All files of a folder, by one command: one by one, too many would go before their turn comes.
take_all() {
  left=$tries
  while [ -d "$1/$2" ] && ! cp -RpP "$1/$2" "$3/" 2>/dev/null; do
    left=$((left - 1))
    if [ "$left" -eq 0 ]; then
      for file in "$1/$2"/*; do
        take "$file" "$3/$2/"
      done
      return
    fi
  done
}

incarnation() {
  sed 's/.*"incarnation":"\([0-9a-f]*\)".*/\1/' "$1/model.json" 2>/dev/null || true
}

rounds() (
  for round in "$1"/open/*/; do
    [ -d "$round" ] || continue
    to="$2/open/$(basename -- "$round")"
    mkdir -p "$to"
    take "$round/journal.jsonl" "$to/journal.jsonl"
  done
  for to in "$2"/open/*/; do # every journal is older than every matrix
    [ -f "$to/journal.jsonl" ] || continue
    take "$1/open/$(basename -- "$to")/updates.bin" "$to/updates.bin"
  done
)

# A version never changes; one that is still there after it was copied was copied whole. They are
# numbers, listed at one moment: a pattern would look at each again, and find all of them gone.
versions() (
  newest=
  for number in $(ls "$1/versions" 2>/dev/null); do
    case $number in *[!0-9]*) continue ;; esac
    version=$1/versions/$number
    to=$2/versions/$number
    newest=$to
    [ ! -d "$to" ] || continue
    if cp -RpP "$version" "$2/.version" 2>/dev/null && [ -d "$version" ]; then
      mv "$2/.version" "$to"
    elif [ -d "$version" ]; then
      cp -RpP "$version" "$2/.again" # it is there, and cannot be read: says why
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
  take_all "$1" reports "$2"
  take_all "$1" rounds "$2" # the oldest may go while versions are copied
  left=$tries
  until versions "$1" "$2"; do # the newest was removed meanwhile, for others that are newer
    left=$((left - 1))
    [ "$left" -gt 0 ] || { echo "$1 has no version that stays" >&2; exit 1; }
  done
  take_all "$1" rounds "$2" # those of versions that went meanwhile
)

mkdir "$copy" "$copy/models"
cp -pP "$data/format.json" "$copy/format.json"
for path in "$data"/models/*/; do
  [ -d "$path" ] || continue
  name=$(basename -- "$path")
  case $name in [!A-Za-z0-9]* | *[!A-Za-z0-9._-]*) continue ;; esac # no model's
  to="$copy/models/$name"
  left=$tries
  whole=
  while [ -d "$path" ]; do
    rm -rf "$to"
    model "$path" "$to"
    if [ "$(incarnation "$path")" = "$(incarnation "$to")" ]; then
      whole=yes
      break
    fi
    left=$((left - 1)) # it was deleted, and perhaps created anew
    [ "$left" -gt 0 ] || { echo "$path keeps changing" >&2; exit 1; }
  done
  if [ -z "$whole" ]; then # it was not there for a moment, whatever is there by now
    rm -rf "$to"
  elif [ ! -f "$to/model.json" ]; then
    rm -rf "$to"
    echo "$path is left out: it had no model.json; was it being deleted?" >&2
  fi
done
chmod -R go= "$copy" # what releases before have left open to others
sync
