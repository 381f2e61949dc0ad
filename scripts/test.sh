#!/usr/bin/env bash
# Everything that has to hold before a change is taken, step by step; the first failure ends it.
#
#   make test                        all steps, in the order below
#   make test STEPS="fmt clippy"     these alone
#
# It installs what it needs (scripts/needs.sh), starts a Postgres of its own, and asks nothing.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
. scripts/needs.sh
exec </dev/null
export CARGO_TERM_COLOR="${CARGO_TERM_COLOR:-auto}" CI="${CI:-}"
target="${CARGO_TARGET_DIR:-$root/target}"
logs=$root/target/test
mkdir -p "$logs"

ALL="fmt web clippy doc deny test doctest slim openapi e2e"
STEPS="${STEPS:-$ALL}"

# Formatting: the tree has one form.
step_fmt() { cargo fmt --all --check; }

# The inbox: style, types, unit tests, and the build that the binary carries.
step_web() {
  scripts/web.sh modules
  npm --prefix web run --silent lint
  npm --prefix web run --silent check
  npm --prefix web run --silent test
  scripts/web.sh
}

# Lints, with every feature on.
step_clippy() { cargo clippy --quiet --locked --workspace --all-targets --all-features -- -D warnings; }

# The documentation of the code has no dead link. Private items are in it, so links to them work.
step_doc() {
  RUSTDOCFLAGS="-D warnings -A rustdoc::private_intra_doc_links" \
    cargo doc --quiet --locked --workspace --all-features --no-deps --document-private-items
}

# Licences, sources, forbidden crates, known holes.
step_deny() {
  need_deny
  scripts/deny.sh
}

# Unit tests, conformance and stories. Those that touch the store run on both engines.
step_test() {
  need_nextest
  need_postgres
  need_mailserver
  need_twilio
  local profile=default
  [ -z "$CI" ] || profile=ci
  scripts/postgres.sh run \
    cargo nextest run --locked --workspace --all-features --profile "$profile"
}

# The examples in the documentation of the code.
step_doctest() { cargo test --quiet --locked --workspace --all-features --doc; }

# A bridge without the playground.
step_slim() { cargo check --quiet --locked --no-default-features; }

# The binaries as the tests run them: with other features nearly every crate would be built once more.
binaries() { cargo build --quiet --locked --workspace --all-features --bins --examples; }

# The description of the API that is checked in is the one that the code gives.
step_openapi() {
  binaries
  "$target/debug/rapport" openapi >"$logs/openapi.json"
  if ! diff -u docs/openapi.json "$logs/openapi.json"; then
    echo "openapi: docs/openapi.json is old. Write it again: make openapi" >&2
    return 1
  fi
}

# The inbox and the playground in a real browser.
step_e2e() {
  need_chromium
  scripts/web.sh
  binaries
  RAPPORT_BIN=$target/debug/rapport RAPPORT_LETTERBOX=$target/debug/examples/letterbox \
    npm --prefix web run --silent e2e
}

# Reads "N passed" and "N failed" out of what nextest, cargo, vitest and playwright print.
count() { # word, log
  sed 's/\x1b\[[0-9;]*m//g' "$2" |
    awk -v word="$1" '
      /^ *Summary \[|^test result:|^ *Tests +[0-9]|^ +[0-9]+ (passed|failed)/ {
        for (i = 2; i <= NF; i++) if ($i ~ "^" word) sum += $(i - 1)
      }
      END { print sum + 0 }'
}

passed=0
failed=0
began=$SECONDS
minutes() { printf '%d min %02d s' $(($1 / 60)) $(($1 % 60)); }

for step in $STEPS; do
  case " $ALL " in
    *" $step "*) ;;
    *)
      echo "There is no step \"$step\". Known: $ALL" >&2
      exit 2
      ;;
  esac
done

need_compiler
for step in $STEPS; do
  printf '==> %s\n' "$step"
  since=$SECONDS
  # A child of its own and outside of any condition: else bash goes on after a step's first failure.
  set +e
  (
    set -euo pipefail
    "step_$step"
  ) 2>&1 | tee "$logs/$step.log"
  code=${PIPESTATUS[0]}
  set -e
  passed=$((passed + $(count passed "$logs/$step.log")))
  failed=$((failed + $(count failed "$logs/$step.log")))
  if [ "$code" != 0 ]; then
    printf '\n%d passed, %d failed\n' "$passed" "$failed"
    echo "The step \"$step\" failed after $(minutes $((SECONDS - since))); its output is above and in $logs/$step.log." >&2
    exit 1
  fi
  printf '    %s: done in %s\n' "$step" "$(minutes $((SECONDS - since)))"
done

printf '\n%d passed, %d failed\n' "$passed" "$failed"
echo "Every step passed in $(minutes $((SECONDS - began))): $STEPS."
