#!/bin/sh
# Beside the server of a pod: when its passwords or certificates change on disk, the running server takes them up, without a
# restart. Kubernetes brings a changed Secret into a pod within a minute or two.
#
#   STACK_REFRESH   seconds between two looks (30)
#
# Passwords: the server accepts every line of a user's file from then on, the first one is used to log in. A Sentinel has no
# way to read its certificates again: it is started again, one after the other.
set -eu
# shellcheck source=ask.sh
. "$(dirname "$0")/ask.sh"
here=$(cd "$(dirname "$0")" && pwd)
run=${STACK_RUN:-/run/stack}

digest() { cat "$@" 2>/dev/null | cksum; }
passwords() { digest "$secrets"/*; }
certificates() { if [ -n "${STACK_TLS_CERT:-}" ]; then digest "$STACK_TLS_CA" "$STACK_TLS_CERT" "$STACK_TLS_KEY"; fi; }

# The password that the server knows is the one that stood there before.
ask() {
  (
    REDISCLI_AUTH=$known
    export REDISCLI_AUTH
    client 10 admin -h "${me%:*}" -p "${me##*:}" -e "$@" >/dev/null 2>&1
  )
}

# The last word of the command comes from the standard input: arguments can be read by everybody in the pod.
tell() {
  user=$1
  shift
  secret "$user" | ask -x "$@"
}

take_passwords() {
  sh "$here/start-node.sh" users
  # A server that was started meanwhile knows the present one.
  ask ACL LOAD || { known=$(secret admin) && ask ACL LOAD; } || return 1
  known=$(secret admin)
  if [ "$STACK_KIND" = sentinel ]; then
    tell sentinel SENTINEL SET "$primary_name" auth-pass && tell sentinel SENTINEL CONFIG SET sentinel-pass
  else
    tell replication CONFIG SET masterauth
  fi
}

take_certificates() {
  if [ "$STACK_KIND" = sentinel ]; then
    # In turn: two Sentinels that are away at once leave no majority.
    sleep $((${STACK_POD##*-} * 30))
    say "certificates have changed: starting again"
    kill -TERM "$server"
  else
    ask CONFIG SET tls-ca-cert-file "$STACK_TLS_CA" tls-cert-file "$STACK_TLS_CERT" tls-key-file "$STACK_TLS_KEY"
  fi
}

# The process that this one was started by becomes the server, or stays before it.
server=$PPID
known=$(secret admin)
had_passwords=$(passwords)
had_certificates=$(certificates)
while sleep "${STACK_REFRESH:-30}"; do
  kill -0 "$server" 2>/dev/null || exit 0
  [ -e "$run/users.acl" ] || continue
  now=$(passwords)
  if [ "$now" != "$had_passwords" ] && take_passwords; then
    had_passwords=$now
    say "passwords have changed: taken up"
  fi
  now=$(certificates)
  if [ "$now" != "$had_certificates" ] && take_certificates; then
    had_certificates=$now
    say "certificates have changed: taken up"
  fi
done
