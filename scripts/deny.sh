#!/usr/bin/env bash
# Asks cargo deny about licences, sources, forbidden crates and known holes.
#
# The list of known holes comes from, in this order: the folder that ADVISORY_DB names, the network,
# or nowhere. Where it comes from nowhere that is said, and the rest is checked.
set -euo pipefail
cd "$(dirname "$0")/.."

cargo fetch --locked --quiet

# cargo deny wants a git checkout under this name, and reads the time of FETCH_HEAD alone.
database=target/advisory-dbs/advisory-db-3157b0e258782691

if [ -n "${ADVISORY_DB:-}" ]; then
  if [ ! -d "$ADVISORY_DB/crates" ]; then
    echo "deny: ADVISORY_DB is $ADVISORY_DB, and there is no folder crates in it" >&2
    exit 1
  fi
  rm -rf "$database"
  mkdir -p "$database/.git"
  cp -r "$ADVISORY_DB/crates" "$database/crates"
  touch -r "$ADVISORY_DB/crates" "$database/.git/FETCH_HEAD"
  echo "deny: known holes from the snapshot of $(date -u -r "$database/.git/FETCH_HEAD" +%F)"
  cargo deny --offline --locked --all-features check --hide-inclusion-graph
elif timeout 60 git ls-remote --quiet --exit-code https://github.com/rustsec/advisory-db HEAD >/dev/null 2>&1; then
  echo "deny: known holes from the network"
  # A folder that an earlier snapshot left is no git checkout, and can't be brought up to date.
  if [ -d "$database" ] && ! git -C "$database" rev-parse --verify --quiet HEAD >/dev/null 2>&1; then
    rm -rf "$database"
  fi
  cargo deny --locked --all-features check --hide-inclusion-graph
else
  echo "deny: NOT CHECKED for known holes: ADVISORY_DB is not set and there is no network"
  cargo deny --offline --locked --all-features check --hide-inclusion-graph bans licenses sources
fi
