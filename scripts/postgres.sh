#!/usr/bin/env bash
# A Postgres of our own, thrown away after use: for tests, benches and developers.
#
#   scripts/postgres.sh start    starts one and prints its address, postgres://...
#   scripts/postgres.sh stop     stops it and deletes it
#   scripts/postgres.sh run COMMAND...
#                                runs COMMAND with RAPPORT_TEST_POSTGRES_URL, then stops it
#
# It stands in a temporary folder, listens on this machine alone and lets everybody in. What a
# commit promises is left as it is in a real one (fsync, synchronous_commit): that is what we test.
set -euo pipefail
root="$(cd "$(dirname "$0")/.." && pwd)"
# Where `stop` finds what `start` made. Two runs at once name two files.
state="${RAPPORT_POSTGRES_STATE:-$root/target/postgres.state}"

say() { echo "postgres: $*" >&2; }

binaries() {
  local newest
  newest="$( (ls -d /usr/lib/postgresql/*/bin 2>/dev/null || true) | sort -V | tail -1)"
  if [ -n "$newest" ]; then
    echo "$newest"
  elif command -v initdb >/dev/null; then
    dirname "$(command -v initdb)"
  else
    say "Postgres is not installed (Debian: apt-get install postgresql)"
    return 1
  fi
}

# Postgres refuses to run as root.
as_user() {
  if [ "$(id -u)" != 0 ]; then
    "$@"
  elif id postgres >/dev/null 2>&1; then
    (cd / && exec runuser -u postgres -- "$@")
  else
    (cd / && exec runuser -u nobody -- "$@")
  fi
}

start() {
  if [ -f "$state" ]; then
    local running
    running="$(sed -n 2p "$state")"
    if as_user "$(binaries)/pg_ctl" --pgdata "$(sed -n 1p "$state")/data" status >/dev/null 2>&1; then
      echo "$running"
      return
    fi
    stop
  fi
  local bin dir port
  bin="$(binaries)"
  dir="$(mktemp -d "${TMPDIR:-/tmp}/rapport-postgres.XXXXXX")"
  if [ "$(id -u)" = 0 ]; then
    chown "$(as_user id -un)" "$dir"
  fi
  if ! as_user "$bin/initdb" --pgdata "$dir/data" --username postgres --auth trust \
    --encoding UTF8 --locale C.UTF-8 >"$dir.log" 2>&1; then
    say "initdb failed:"
    cat "$dir.log" >&2
    rm -rf "$dir" "$dir.log"
    return 1
  fi
  # A port that is free now may be taken a moment later: the start itself decides.
  for _ in 1 2 3 4 5 6 7 8; do
    port=$((20000 + RANDOM % 12000))
    if as_user "$bin/pg_ctl" --pgdata "$dir/data" --log "$dir/server.log" --wait --timeout 60 \
      --options "-c listen_addresses=127.0.0.1 -c port=$port -c unix_socket_directories=$dir \
        -c max_connections=300 -c shared_buffers=128MB -c synchronous_commit=on -c fsync=on" \
      start >>"$dir.log" 2>&1 </dev/null; then
      mkdir -p "$(dirname "$state")"
      printf '%s\n%s\n' "$dir" "postgres://postgres@127.0.0.1:$port/postgres" >"$state"
      sed -n 2p "$state"
      return
    fi
  done
  say "it does not start:"
  as_user tail -20 "$dir/server.log" >&2 || cat "$dir.log" >&2
  rm -rf "$dir" "$dir.log"
  return 1
}

stop() {
  [ -f "$state" ] || return 0
  local dir
  dir="$(sed -n 1p "$state")"
  as_user "$(binaries)/pg_ctl" --pgdata "$dir/data" --mode immediate stop >/dev/null 2>&1 || true
  rm -rf "$dir" "$dir.log" "$state"
}

case "${1:-}" in
  start) start ;;
  stop) stop ;;
  run)
    shift
    # One of its own, so that it does not end another's.
    state="$(mktemp -u "${TMPDIR:-/tmp}/rapport-postgres.state.XXXXXX")"
    trap stop EXIT
    RAPPORT_TEST_POSTGRES_URL="$(start)"
    export RAPPORT_TEST_POSTGRES_URL
    "$@"
    ;;
  *)
    sed -n '2,11s/^# \{0,1\}//p' "$0"
    exit 2
    ;;
esac
