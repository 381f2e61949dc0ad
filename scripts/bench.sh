#!/usr/bin/env bash
# Measures what is promised and writes target/bench/report.json (see benches/main.rs).
#
#   make bench                                     everything; it takes some 25 minutes on 2 cores
#   scripts/bench.sh --quick                       the same with small numbers
#   scripts/bench.sh growth sqlite 1000 100000     some parts: webhook, sse, growth, process
#
# RAPPORT_TEST_POSTGRES_URL names a Postgres server; without it one is started for the run.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/needs.sh
need_compiler
scripts/web.sh

# The databases stand on the disk of the project: that of temporary files may be memory.
folder=$PWD/target/bench/data
rm -rf "$folder"
mkdir -p "$folder"
trap 'rm -rf "$folder"' EXIT

echo "bench: building (several minutes the first time)"
cargo build --quiet --locked --profile bench --bench rapport
run=(cargo bench --quiet --locked --bench rapport -- "$@")
if [ -z "${RAPPORT_TEST_POSTGRES_URL:-}" ]; then
  need_postgres
  run=(scripts/postgres.sh run "${run[@]}")
fi
status=0
TMPDIR=$folder "${run[@]}" || status=$?
exit "$status"
