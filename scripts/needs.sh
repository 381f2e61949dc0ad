# What the tests need beside Rust and Node, installed where it is missing. Sourced by test.sh.
#
# Debian packages want root. The versions are those that passed; tools are built without
# optimisation, because building takes longer than they run.

NEXTEST=0.9.143
DENY=0.20.2
TWILIO=9.13.0

apt_updated=
need_package() { # command, package...
  local command=$1
  shift
  command -v "$command" >/dev/null && return
  if ! command -v apt-get >/dev/null || [ "$(id -u)" != 0 ]; then
    echo "needs: $command is missing, and only root on Debian can install it here (package $*)" >&2
    return 1
  fi
  echo "needs: installing $*"
  if [ -z "$apt_updated" ]; then
    apt-get update -qq
    apt_updated=1
  fi
  DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$@" </dev/null >/dev/null
}

need_compiler() { need_package cc build-essential; }
# Chromium without its windows: the same engine, and a fifth less to wait for.
need_chromium() {
  export CHROMIUM="${CHROMIUM:-/usr/bin/chromium-headless-shell}"
  [ -x "$CHROMIUM" ] || need_package chromium-headless-shell chromium-headless-shell fonts-noto-core
}
need_postgres() {
  ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || need_package initdb postgresql
}
# Real mail servers, which tests start for themselves. The packages would start the system's own: a policy
# that forbids it stands for as long as the installation takes.
need_mailserver() {
  [ -x /usr/sbin/dovecot ] && [ -x /usr/lib/dovecot/lmtp ] && [ -x /usr/lib/postfix/sbin/master ] &&
    [ -e /usr/lib/dovecot/modules/lib90_sieve_plugin.so ] && return
  without_services need_package no-mailserver \
    dovecot-imapd dovecot-lmtpd dovecot-sieve postfix
}
# Another reader of mailboxes, beside which the bench measures.
need_mbsync() { need_package mbsync isync; }
without_services() { # command...
  local policy=/usr/sbin/policy-rc.d status=0
  if [ -e "$policy" ] || [ "$(id -u)" != 0 ]; then
    "$@"
    return
  fi
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod +x "$policy"
  "$@" || status=$?
  rm -f "$policy"
  return "$status"
}
need_nextest() {
  cargo nextest --version >/dev/null 2>&1 && return
  echo "needs: building cargo-nextest $NEXTEST"
  cargo install --quiet --locked --debug --version "$NEXTEST" cargo-nextest
}
need_deny() {
  cargo deny --version >/dev/null 2>&1 && return
  echo "needs: building cargo-deny $DENY"
  cargo install --quiet --locked --debug --version "$DENY" cargo-deny
}
# The provider's own library judges our signatures.
need_twilio() {
  local venv=$PWD/target/python
  if ! "$venv/bin/python" -c 'import twilio' >/dev/null 2>&1; then
    /usr/bin/python3 -c 'import venv, ensurepip' >/dev/null 2>&1 || need_package no-venv python3-venv
    echo "needs: installing twilio $TWILIO for Python"
    rm -rf "$venv"
    /usr/bin/python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check "twilio==$TWILIO"
  fi
  export RAPPORT_TEST_PYTHON=$venv/bin/python
}
