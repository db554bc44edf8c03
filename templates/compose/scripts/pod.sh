#!/bin/sh
# What runs in the pods of the chart: finds out who is who from the list of nodes, then becomes one of the other scripts.
#
#   pod.sh server         start-node.sh for the node that is named as this pod is
#   pod.sh keeper         form-cluster.sh, which stays: forms, grows, drains, heals
#   pod.sh shrink-check   fails when a node that is not in the list holds slots
#   pod.sh backup WORD    backup.sh        pod.sh restore SET   restore.sh
#   pod.sh test           writes and reads a key through STACK_SERVICE, and asks every node how it is
#   pod.sh exporter-password   writes the exporter's password as it wants it, into /run/exporter
#   pod.sh cli WORDS      the command line client on this pod's server, as admin
#
#   STACK_LIST   a line a node: name port bus-port shard kind; bus port 0 where there is none, kind data, leaving or
#                sentinel. Without it the lines come from ../nodes
#   STACK_POD    name of this pod                     STACK_DOMAIN     what follows a node's name in announced names
#
# The address of a node is that of the Service of its name, which stays when its pod moves. Kubernetes tells it in a variable;
# a Service that is newer than this pod is looked up.
set -eu

scripts=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=ask.sh
. "$scripts/ask.sh"

task=${1:-server}
[ "$#" -eq 0 ] || shift
list=${STACK_LIST:-$(cat "$scripts/../nodes")}

# address_of NAME: the address of its Service, or the name itself where nobody knows an address (yet).
address_of() {
  variable=$(printf '%s_SERVICE_HOST' "$1" | tr 'a-z-' 'A-Z_')
  eval "found=\${$variable:-}"
  [ -n "$found" ] || found=$(bounded 2 getent hosts "$1" 2>/dev/null | awk '{ print $1; exit }') || found=
  printf '%s' "${found:-$1}"
}

# Every node with its address: name address port bus shard kind.
resolved=
resolve() {
  resolved=$(printf '%s\n' "$list" | sed '/^ *$/d' | while read -r name port bus shard kind; do
    printf '%s %s %s %s %s %s\n' "$name" "$(address_of "$name")" "$port" "$bus" "$shard" "$kind"
  done)
}

# pick CONDITION FORMAT: of the nodes that an awk condition holds for, in one line of words.
pick() {
  printf '%s\n' "$resolved" | awk -v pod="${STACK_POD:-}" "
    { name = \$1; at = \$2 \":\" \$3; bus = \$4; onbus = at (bus ? \"@\" bus : \"\"); shard = \$5; kind = \$6 }
    $1 { printf \"%s%s\", (n++ ? \" \" : \"\"), $2 }"
}

# The shards of a kind, a word each: its nodes, joined by commas.
shards() {
  printf '%s\n' "$resolved" | awk -v kind="$1" '
    $6 == kind { at = $2 ":" $3 "@" $4; if ($5 in words) words[$5] = words[$5] "," at; else { words[$5] = at; order[++n] = $5 } }
    END { for (i = 1; i <= n; i++) printf "%s%s", (i > 1 ? " " : ""), words[order[i]] }'
}

# A pod may start before the address of its own Service is known to it.
find_self() {
  waited=0
  while :; do
    resolve
    self=$(printf '%s\n' "$resolved" | awk -v pod="$STACK_POD" '$1 == pod')
    [ -n "$self" ] || fail "'$STACK_POD' is not in the list of nodes: $(pick 1 name)"
    # shellcheck disable=SC2086 # the fields of the line
    set -- $self
    [ "$2" = "$1" ] || break
    [ "$waited" -lt "${STACK_WAIT:-60}" ] || fail "no address of the Service '$1': is it there, and can names be looked up?"
    waited=$((waited + 1))
    sleep 1
  done
  STACK_ADDRESS=$2
  STACK_PORT=$3
  STACK_BUS_PORT=$4
  STACK_KIND=${6%leaving}
  STACK_KIND=${STACK_KIND:-data}
}

serve() {
  find_self
  [ "$STACK_BUS_PORT" != 0 ] || unset STACK_BUS_PORT
  STACK_NODES=$(pick 1 'name "=" onbus')
  if [ -n "${STACK_BUS_PORT:-}" ]; then
    STACK_HOSTNAME=$STACK_POD.$STACK_DOMAIN
    STACK_NODES=$(pick 1 "name \".$STACK_DOMAIN=\" onbus")
    export STACK_BUS_PORT STACK_HOSTNAME
  fi
  sentinels=$(pick 'kind == "sentinel"' at)
  if [ -n "$sentinels" ]; then
    STACK_PRIMARY=$(pick 'kind == "data" && !n' at)
    if [ "$STACK_KIND" = sentinel ]; then
      STACK_REPLICAS=$(($(pick 'kind == "data"' at | wc -w) - 1))
      export STACK_REPLICAS
    else
      STACK_SENTINELS=$sentinels
      STACK_PEERS=$(pick 'kind == "data" && name != pod' at)
      export STACK_SENTINELS STACK_PEERS
    fi
    export STACK_PRIMARY
  fi
  export STACK_ADDRESS STACK_PORT STACK_KIND STACK_NODES
  # For the probes, which are started beside this script.
  mkdir -p "${STACK_RUN:=/run/stack}"
  printf 'STACK_KIND=%s\nSTACK_PORT=%s\nSTACK_BUS_PORT=%s\n' "$STACK_KIND" "$STACK_PORT" "${STACK_BUS_PORT:-}" >"$STACK_RUN/node"
  # New passwords and certificates arrive as files.
  sh "$scripts/refresh.sh" &
  exec sh "$scripts/start-node.sh"
}

# Another name for a node is another place for it: all names must be known before slots are given away.
resolve_all() {
  waited=0
  while :; do
    resolve
    unknown=$(pick "at == name \":\" \$3" name)
    [ -n "$unknown" ] || return 0
    [ "$waited" -lt "${STACK_WAIT:-60}" ] || fail "no address of the Services $unknown: are they there, and can names be looked up?"
    waited=$((waited + 1))
    sleep 1
  done
}

keep() {
  resolve_all
  STACK_SHARDS=$(shards data)
  STACK_LEAVING=$(shards leaving)
  STACK_RESHAPE=yes
  export STACK_SHARDS STACK_LEAVING STACK_RESHAPE
  exec sh "$scripts/form-cluster.sh"
}

# Whoever holds slots must be in the list. Where nobody answers there is no cluster yet, or none to be harmed.
shrink_check() {
  resolve
  for node in $(pick 1 at); do
    table=$(as admin "$node" CLUSTER NODES) || continue
    strays=$(printf '%s\n' "$table" | awk -v listed=" $(pick 1 at) " '
      NF > 8 { at = $2; sub(/@.*/, "", at); if (!index(listed, " " at " ")) print at }')
    [ -z "$strays" ] || fail "these nodes hold slots and would be taken away: $(printf '%s' "$strays" | tr '\n' ' ')." \
      "First drain them: upgrade with the present number of shards and 'leaving' set to how many of the last ones are to go;" \
      "when the keeper is ready, lower 'shards' and set 'leaving' to 0."
    say "every node that holds slots stays"
    exit 0
  done
  say "no node answers: nothing to check"
}

try_out() {
  resolve
  for node in $(pick 1 at); do
    [ "$(as probe "$node" PING)" = PONG ] || fail "$node does not answer"
    say "$node answers"
  done
  [ -n "${STACK_SERVICE:-}" ] || exit 0
  key="helm-test:$(date +%s)"
  mode=
  [ -z "$(pick bus name)" ] || mode=-c
  as app "$STACK_SERVICE" ${mode:+"$mode"} SET "$key" works PX 60000 >/dev/null || fail "$STACK_SERVICE takes no write"
  [ "$(as app "$STACK_SERVICE" ${mode:+"$mode"} GET "$key")" = works ] || fail "$STACK_SERVICE lost a write"
  say "$STACK_SERVICE takes writes and gives them back"
}

talk() {
  resolve
  port=$(pick 'name == pod' at)
  REDISCLI_AUTH=$(secret admin)
  export REDISCLI_AUTH
  client 0 admin -h 127.0.0.1 -p "${port##*:}" "$@"
}

# By address, with and without the user: releases of the exporter differ in what they look it up by.
exporter_password() {
  resolve
  port=$(pick 'name == pod' at)
  at=127.0.0.1:${port##*:}
  scheme=redis${STACK_TLS_CA:+s}
  word=$(secret exporter | sed 's/[\\"]/\\&/g')
  umask 077
  printf '{"%s://%s":"%s","%s://exporter@%s":"%s"}\n' "$scheme" "$at" "$word" "$scheme" "$at" "$word" \
    >"${STACK_EXPORTER:-/run/exporter}/passwords.json"
}

data_nodes() { pick 'kind != "sentinel"' at; }

case $task in
  server) serve ;;
  keeper) keep ;;
  shrink-check) shrink_check ;;
  test) try_out ;;
  cli) talk "$@" ;;
  exporter-password) exporter_password ;;
  backup)
    resolve
    STACK_BACKUP_FROM=$(data_nodes)
    export STACK_BACKUP_FROM
    exec sh "$scripts/backup.sh" "$@"
    ;;
  restore)
    resolve
    STACK_RESTORE_TO=$(data_nodes)
    export STACK_RESTORE_TO
    exec sh "$scripts/restore.sh" "$@"
    ;;
  *) fail "'$task' is not one of server, keeper, shrink-check, backup, restore, test, exporter-password, cli" ;;
esac
