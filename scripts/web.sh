#!/usr/bin/env bash
# Builds the inbox into web/dist, which the binary carries; does nothing where nothing changed.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v npm >/dev/null; then
  echo "web: npm is missing: install Node 20 or later" >&2
  exit 1
fi
# The lock file that npm keeps among the modules is newer than ours once they are installed.
if [ ! web/node_modules/.package-lock.json -nt web/package-lock.json ]; then
  echo "web: installing modules (about half a minute)"
  npm --prefix web ci --no-audit --no-fund --loglevel=error
fi
[ "${1:-}" = modules ] && exit 0

stamp=target/web.stamp
now="$(git -C . ls-files -co --exclude-standard -- web docs/openapi.json | sort | xargs -d '\n' sha256sum 2>/dev/null | sha256sum)"
if [ -f web/dist/index.html ] && [ "$(cat "$stamp" 2>/dev/null)" = "$now" ]; then
  echo "web: unchanged"
  exit 0
fi
echo "web: building"
npm --prefix web run --silent build
mkdir -p target
echo "$now" >"$stamp"
