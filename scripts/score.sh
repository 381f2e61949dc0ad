#!/usr/bin/env bash
# Scores the reading of mail against labelled mails that are not part of the project.
#
#   make score DATA=FOLDER
#
# FOLDER holds score.py, which starts the command that it is given and compares, and one or more
# cases*.jsonl: a mail ("eml", base64) and what is expected of it ("expect") on each line.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/needs.sh

data=${1:-}
explain() {
  echo "score: $1" >&2
  echo "score: DATA is a folder with score.py and cases*.jsonl: make score DATA=FOLDER" >&2
  exit 2
}
[ -n "$data" ] || explain "DATA is not given."
[ -f "$data/score.py" ] || explain "there is no $data/score.py."
shopt -s nullglob
cases=("$data"/cases*.jsonl)
[ "${#cases[@]}" -gt 0 ] || explain "there is no $data/cases*.jsonl."
command -v python3 > /dev/null || explain "python3 is needed."
need_compiler

echo "score: building (several minutes the first time)"
# The command alone; the pages of the inbox are not needed for it.
cargo build --quiet --locked --release --bin rapport
rapport=${CARGO_TARGET_DIR:-target}/release/rapport
status=0
for file in "${cases[@]}"; do
  echo "score: $file"
  python3 "$data/score.py" --stream --cases "$file" -- "$rapport" inspect-mail --stream || status=$?
done
exit "$status"
