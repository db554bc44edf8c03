#!/bin/sh
# Joins the nodes of a cluster, once. Safe to run again at any time: a cluster that exists is only healed.
#
#   STACK_SHARDS    one word a shard: host:port@busport of its first primary, then of its replicas, joined by commas
#   STACK_SECRETS   folder with one file a user      STACK_CLI   the command line client
#   STACK_WAIT      seconds to wait for each step (60)
set -eu

cli=${STACK_CLI:-redis-cli}
limit=${STACK_WAIT:-60}
secrets=${STACK_SECRETS:-/run/secrets}
REDISCLI_AUTH=$(cat "$secrets/admin")
export REDISCLI_AUTH
all=$(printf '%s\n' "$STACK_SHARDS" | tr ' ' '\n' | tr ',' '\n' | sed '/^$/d')
first=$(printf '%s\n' "$all" | head -n 1)

say() { printf 'form-cluster: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }

bounded() { if command -v timeout >/dev/null 2>&1; then timeout 5 "$@"; else "$@"; fi; }

# on host:port@busport command...
on() {
  node=${1%@*}
  shift
  bounded "$cli" --no-auth-warning --user admin -h "${node%:*}" -p "${node##*:}" -e "$@" </dev/null | tr -d '\r'
}

# wait_for "what" command... until it succeeds
wait_for() {
  what=$1
  shift
  waited=0
  until "$@" >/dev/null 2>&1; do
    [ "$waited" -lt $((limit * 5)) ] || fail "gave up after $limit s: $what"
    waited=$((waited + 1))
    sleep 0.2
  done
}

answers() { [ "$(on "$1" PING)" = PONG ]; }
info() { on "$1" CLUSTER INFO | sed -n "s/^$2://p"; }
id_of() { on "$1" CLUSTER MYID; }
knows() { on "$1" CLUSTER NODES | grep -q "^$2 "; }
know_each_other() { for n in $all; do [ "$(info "$n" cluster_known_nodes)" -ge "$count" ] || return 1; done; }
all_ok() { for n in $all; do [ "$(info "$n" cluster_state)" = ok ] || return 1; done; }
link_up() { on "$1" INFO replication | grep -q '^master_link_status:up'; }
is_primary() { on "$1" CLUSTER NODES | grep myself | grep -q master; }
has_slots() { on "$1" CLUSTER NODES | grep myself | awk '{ exit NF < 9 }'; }

formed() {
  for n in $all; do [ "$(info "$n" cluster_known_nodes)" -le 1 ] || return 0; done
  return 1
}

# Gives each first primary its share of the slots, and an epoch of its own so that no two claim the same one.
assign_slots() {
  shards=$(printf '%s\n' "$STACK_SHARDS" | tr ' ' '\n' | sed '/^$/d' | wc -l)
  i=0
  for shard in $STACK_SHARDS; do
    primary=${shard%%,*}
    from=$((16384 * i / shards))
    i=$((i + 1))
    to=$((16384 * i / shards - 1))
    if [ "$(info "$primary" cluster_slots_assigned)" = 0 ]; then
      on "$primary" CLUSTER SET-CONFIG-EPOCH "$i" >/dev/null || true
      on "$primary" CLUSTER ADDSLOTSRANGE "$from" "$to" >/dev/null
    fi
  done
}

# Everybody hears of everybody directly: one introduction would leave a replica with an old address of its primary.
introduce() {
  for n in $all; do
    for peer in $all; do
      [ "$n" = "$peer" ] || on "$n" CLUSTER MEET "$(ip_of "$peer")" "$(port_of "$peer")" "${peer#*@}" >/dev/null
    done
  done
}

# MEET takes addresses only, so names are resolved here.
ip_of() {
  node=${1%@*}
  case ${node%:*} in
    *[!0-9.]*) getent hosts "${node%:*}" | awk '{ print $1; exit }' ;;
    *) printf '%s' "${node%:*}" ;;
  esac
}

port_of() {
  node=${1%@*}
  printf '%s' "${node##*:}"
}

# A node with neither slots nor a primary becomes a replica of its shard.
attach_replicas() {
  for shard in $STACK_SHARDS; do
    primary=${shard%%,*}
    for n in $(printf '%s' "$shard" | tr ',' ' '); do
      if [ "$n" = "$primary" ] || ! is_primary "$n" || has_slots "$n"; then continue; fi
      target=$(owner_of "$primary")
      wait_for "$n to hear of its primary" knows "$n" "$target"
      on "$n" CLUSTER REPLICATE "$target" >/dev/null
    done
  done
}

# The id of the node itself, or of its primary once a failover made it a replica.
owner_of() { on "$1" CLUSTER NODES | awk '/myself/ { print ($4 == "-" ? $1 : $4) }'; }

links_up() {
  for n in $all; do
    if ! is_primary "$n"; then link_up "$n" || return 1; fi
  done
}

count=$(printf '%s\n' "$all" | wc -l)
for n in $all; do wait_for "$n to answer" answers "$n"; done
if formed; then
  say "the cluster exists: no slot is assigned again"
else
  say "giving 16384 slots to the first primaries of $count nodes"
  assign_slots
fi
introduce
wait_for "the nodes to know each other" know_each_other
attach_replicas
wait_for "every node to call the cluster ok" all_ok
wait_for "every replica to be linked to its primary" links_up
say "ready: $(info "$first" cluster_size) primaries serve $(info "$first" cluster_slots_ok) slots"
# Our own step comes after this.
