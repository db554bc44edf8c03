#!/bin/sh
# Joins the nodes of a cluster, once. Safe to run again at any time: a cluster that exists is only healed.
#
#   STACK_SHARDS    one word a shard: host:port@busport of its first primary, then of its replicas, joined by commas
#   STACK_SECRETS   folder with one file a user      STACK_CLI   the command line client
#   STACK_WAIT      seconds to wait for each step (60)
#   STACK_STAY      a file: the script stays and heals what nodes under new addresses leave; the file is there while
#                   every node calls the cluster ok and every replica is linked
#   STACK_RESHAPE   yes: new shards get slots, and the shards in STACK_LEAVING are emptied (reshape.sh)
set -eu
# shellcheck source=ask.sh
. "$(dirname "$0")/ask.sh"

limit=${STACK_WAIT:-60}
# shellcheck source=reshape.sh
if [ "${STACK_RESHAPE:-}" = yes ]; then . "$(dirname "$0")/reshape.sh"; fi
all=$(printf '%s\n' "$STACK_SHARDS" | tr ' ' '\n' | tr ',' '\n' | sed '/^$/d')
first=$(printf '%s\n' "$all" | head -n 1)
trap 'exit 143' INT TERM HUP

# on host:port@busport command...
on() {
  node=${1%@*}
  shift
  as admin "$node" "$@"
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

# strangers: pairs of nodes that answer, of which the first has no link to the second under its present address; each
# with "known" or "new". Where nobody lives nobody is introduced: MEET would leave a ghost for a while.
strangers() {
  for n in $all; do
    if table=$(on "$n" CLUSTER NODES); then
      printf 'node %s %s:%s\n%s\n' "$n" "$(ip_of "$n")" "$(port_of "$n")" "$table"
    fi
  done | awk '
    $1 == "node" { node = $2; at[node] = $3; order[++count] = node; next }
    { sub(/@.*/, "", $2); place[node, $1] = $2 " " $8 }
    $3 ~ /myself/ { id[node] = $1 }
    END {
      for (i = 1; i <= count; i++) for (j = 1; j <= count; j++) {
        pair = order[i] SUBSEP id[order[j]]
        if (i != j && place[pair] != at[order[j]] " connected") print order[i], order[j], (pair in place) ? "known" : "new"
      }
    }'
}

# Everybody hears of everybody directly: one introduction would leave a replica with an old address of its primary.
introduce() {
  strangers | while read -r n peer how; do
    case $how in "$1"*) on "$n" CLUSTER MEET "$(ip_of "$peer")" "$(port_of "$peer")" "${peer#*@}" >/dev/null || true ;; esac
  done
}

# Redis may keep the old address of a primary in a replica after everybody has learned the new one.
relink() {
  for n in $all; do
    facts=$(on "$n" INFO replication) || continue
    case $facts in *master_link_status:down*) ;; *) continue ;; esac
    host=$(printf '%s\n' "$facts" | sed -n 's/^master_host://p')
    for peer in $all; do if [ "$(ip_of "$peer")" = "$host" ]; then continue 2; fi; done
    on "$n" CLUSTER REPLICATE "$(owner_of "$n")" >/dev/null || true
  done
}

# The node of a shard that holds its slots, or the first one where nobody does.
head_of() {
  for n in $(printf '%s' "$1" | tr ',' ' '); do
    if is_primary "$n" && has_slots "$n"; then
      printf '%s' "$n"
      return
    fi
  done
  printf '%s' "${1%%,*}"
}

# A node with neither slots nor a primary becomes a replica of its shard: a new one, or one that came back without its disk.
attach_replicas() {
  for shard in $STACK_SHARDS; do
    primary=$(head_of "$shard")
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

healed() {
  if all_ok && links_up; then return 0; fi
  introduce ''
  relink
  return 1
}

# Unknown nodes are left alone now where somebody else may be taking a node out of the cluster.
stay() {
  whom=known
  if [ "${STACK_RESHAPE:-}" = yes ]; then whom=; fi
  trap 'exit 0' INT TERM
  while :; do
    if all_ok && links_up; then
      : >"$STACK_STAY"
    else
      rm -f "$STACK_STAY"
      introduce "$whom"
      relink
      if [ "${STACK_RESHAPE:-}" = yes ]; then
        attach_replicas
        forget_ghosts
      fi
    fi
    sleep 10 &
    wait $!
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
introduce ''
wait_for "the nodes to know each other" know_each_other
attach_replicas
if [ "${STACK_RESHAPE:-}" = yes ]; then reshape; fi
wait_for "every node to call the cluster ok, with every replica linked to its primary" healed
say "ready: $(info "$first" cluster_size) primaries serve $(info "$first" cluster_slots_ok) slots"
[ -z "${STACK_STAY:-}" ] || stay
# Our own step comes after this.
