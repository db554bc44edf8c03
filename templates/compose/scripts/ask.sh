# shellcheck shell=sh
# How the scripts of this folder log in and speak to servers. Sourced by them, never run.
#
#   secret USER                     the password: the first line of the user's file. Further lines are older passwords,
#                                   accepted for as long as they stand there
#   as USER HOST:PORT COMMAND...    asks one server. Fails on an error reply, and when nothing comes in time
#   reply USER HOST:PORT COMMAND... the same, but an error reply is an answer as well
#   client SECONDS USER WORDS...    the command line client, with REDISCLI_AUTH as the user's password; 0 for no limit
#   bounded SECONDS PROGRAM...      ends a program that hangs, where the system has `timeout`
#   named_by_sentinels              a line a Sentinel that answers: the host:port that it calls the primary
#
#   STACK_SECRETS   folder with one file a user      STACK_CLI      the command line client
#   STACK_TLS_CA    the CA, where servers speak TLS  STACK_ANSWER   seconds to wait for an answer (3)
#   STACK_PORT, STACK_BIND   where the server of this node listens
#   STACK_SENTINELS          host:port of every Sentinel

# shellcheck disable=SC2034 # for the scripts that source this one
{
  primary_name=mymaster
  me=${STACK_BIND:-127.0.0.1}
  me=${me%% *}:${STACK_PORT:-6379}
}
secrets=${STACK_SECRETS:-/run/secrets}
cli=${STACK_CLI:-redis-cli}
script=${0##*/}

say() { printf '%s: %s\n' "${script%.sh}" "$*" >&2; }
fail() { say "$*"; exit 1; }

secret() {
  [ -s "$secrets/$1" ] || fail "no password for user '$1' in $secrets: every user needs a file there with its password"
  head -n 1 "$secrets/$1" | tr -d '\r\n'
}

if command -v timeout >/dev/null 2>&1; then
  bounded() { timeout "$@"; }
else
  bounded() { shift; "$@"; }
fi

client() {
  client_limit=$1
  client_user=$2
  shift 2
  set -- "$cli" ${STACK_TLS_CA:+--tls --cacert "$STACK_TLS_CA"} --no-auth-warning --user "$client_user" "$@"
  if [ "$client_limit" = 0 ]; then "$@"; else bounded "$client_limit" "$@"; fi
}

# The password goes through the environment of the client alone: arguments can be read by everybody on the machine.
reply() {
  as_user=$1
  as_host=${2%:*}
  as_port=${2##*:}
  shift 2
  as_answer=$(
    REDISCLI_AUTH=$(secret "$as_user") || exit 1
    export REDISCLI_AUTH
    client "${STACK_ANSWER:-3}" "$as_user" -h "$as_host" -p "$as_port" "$@" 2>/dev/null </dev/null
  ) || return 1
  printf '%s\n' "$as_answer" | tr -d '\r'
}

as() {
  as_whom=$1
  as_where=$2
  shift 2
  reply "$as_whom" "$as_where" -e "$@"
}

named_by_sentinels() {
  for sentinel in $STACK_SENTINELS; do
    named=$(as probe "$sentinel" SENTINEL GET-MASTER-ADDR-BY-NAME "$primary_name") || continue
    printf '%s\n' "$named" | awk 'NR == 1 { host = $0 } NR == 2 { print host ":" $0 }'
  done
}
