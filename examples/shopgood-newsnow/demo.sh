#!/usr/bin/env bash
# `./dev demo [--keep DIR]`: tells the story of the example with the real commands and their real
# output, and ends with 1 if anything is not as it is told. Needs a build (--build, build/dev).
set -euo pipefail

here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
root=$(cd "$here/../.." && pwd)
build=$root/build/dev
keep=
while [ $# -gt 0 ]; do
  case "$1" in
    --keep) keep=${2:?--keep needs a folder}; shift 2 ;;
    --build) build=$(cd "${2:?--build needs a folder}" && pwd); shift 2 ;;
    *) echo "usage: demo.sh [--keep DIR] [--build DIR]" >&2; exit 2 ;;
  esac
done
if [ -n "$keep" ]; then
  mkdir -p "$keep"
  stage=$(cd "$keep" && pwd)
  [ -z "$(ls -A "$stage")" ] || { echo "demo: $keep is not empty" >&2; exit 2; }
else
  stage=$(mktemp -d)
fi
export PATH=$build/bin:$PATH
if [ -t 1 ]; then bold=$'\e[1m' dim=$'\e[2m' plain=$'\e[0m'; else bold= dim= plain=; fi

hosts=()
finish() {
  local host
  for host in "${hosts[@]}"; do kill "$host" 2>/dev/null || true; done
  [ -n "$keep" ] || rm -rf "$stage"
}
trap finish EXIT

# --- how the story is told ------------------------------------------------------------------------

chapter() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }
tell() { printf '\n'; fold -s -w 96 <<<"$*"; }
broken() { printf '\ndemo: NOT AS TOLD: %s\n' "$*" >&2; exit 1; }

# Runs $2 in the folder of party $1, shows both; the output stays in $out, the exit code in $code.
try() {
  local party=$1 command=$2
  printf '%s%s$%s %s\n' "$dim" "$party" "$plain" "$command"
  code=0
  out=$(cd "$stage/$party" && GLOVEBOX_HOME=$stage/$party/home \
    GLOVEBOX_PASSPHRASE="the passphrase of $party" bash -c "$command" 2>&1) || code=$?
  [ -z "$out" ] || sed 's/^/    /' <<<"$out"
}

# As try(), and it must work.
on() {
  try "$@"
  [ "$code" = 0 ] || broken "that command failed"
}

# As try(), and it must be refused with the words $3.
refused() {
  try "$1" "$2"
  [ "$code" != 0 ] || broken "that command should have been refused"
  grep -q -- "$3" <<<"$out" || broken "the refusal does not say $3"
}

# The last output must match.
shows() { grep -Eq -- "$1" <<<"$out" || broken "the output does not show: $1"; }

# Changes one byte of file $1: the one at offset $2, or $3 bytes after the first "$2".
change_byte() {
  local file=$1 offset=$2 byte
  case "$offset" in
    *[!0-9]*) offset=$(grep -obF -m1 -- "$2" "$file" | head -n 1 | cut -d: -f1)
      offset=$((offset + ${#2} + $3)) ;;
  esac
  byte=$(dd if="$file" bs=1 skip="$offset" count=1 2>/dev/null)
  if [ "$byte" = A ]; then byte=B; else byte=A; fi
  printf %s "$byte" | dd of="$file" bs=1 seek="$offset" conv=notrunc 2>/dev/null
}

# Starts the host of a room in folder $1, under policy $2.
start_host() {
  printf '%shost$%s gloveboxd --dir %s --policy %s &\n' "$dim" "$plain" "$1" "$2"
  (cd "$stage/host" && exec gloveboxd --dir "$1" --policy "$2" >"$1.log" 2>&1) &
  hosts+=($!)
  local i
  for i in $(seq 100); do
    [ ! -S "$stage/host/$1/socket" ] || { sed 's/^/    /' "$stage/host/$1.log"; return; }
    sleep 0.05
  done
  cat "$stage/host/$1.log" >&2
  broken "no room started"
}
