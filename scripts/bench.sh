#!/usr/bin/env bash
# Measures what is promised and writes target/bench/report.json (see benches/main.rs).
#
#   make bench                                     everything; some 20 minutes on 2 cores, once it is built
#   scripts/bench.sh --quick                       the same with small numbers
#   scripts/bench.sh growth sqlite 1000 100000     some parts: webhook, sse, growth, process, imap, read,
#                                                  channel
#
# RAPPORT_TEST_POSTGRES_URL names a Postgres server; without it one is started for the run.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/needs.sh
need_compiler
# Naming parts leaves out the others, and engines and numbers are no parts.
case " $* " in
  *" imap "*) mail=yes ;;
  *" webhook "* | *" sse "* | *" growth "* | *" process "* | *" read "* | *" channel "*) mail=no ;;
  *) mail=yes ;;
esac
if [ "$mail" = yes ]; then
  need_mailserver
  need_mbsync
fi
scripts/web.sh

# The databases stand on the disk of the project: that of temporary files may be memory.
folder=$PWD/target/bench/data
rm -rf "$folder"
mkdir -p "$folder"
trap 'rm -rf "$folder"' EXIT

echo "bench: building (several minutes the first time)"
cargo build --quiet --locked --profile bench --bench rapport
# For the bench alone: the server's own folder must be where its user may go.
run=(env TMPDIR="$folder" cargo bench --quiet --locked --bench rapport -- "$@")
if [ -z "${RAPPORT_TEST_POSTGRES_URL:-}" ]; then
  need_postgres
  run=(scripts/postgres.sh run "${run[@]}")
fi
status=0
"${run[@]}" || status=$?
exit "$status"
