#!/bin/sh
# Before the server of this node stops: makes a replica the primary, so that no acknowledged write is lost and clients
# wait for moments. Safe to run at any time and again; ends with success in any case, since a stop goes on either way.
#
#   STACK_HANDOVER_SECONDS   how long it may take (25)      STACK_ADDRESS, STACK_PORT   what this node announces
#   STACK_SENTINELS          host:port of every Sentinel; without them the node is one of a cluster
#
# Where the whole stack stops at once, replicas or Sentinels go away meanwhile: then there is nobody to hand over to.
set -eu
export STACK_ANSWER=1
# shellcheck source=ask.sh
. "$(dirname "$0")/ask.sh"

limit=${STACK_HANDOVER_SECONDS:-25}
deadline=$(($(date +%s) + limit))
self=${STACK_ADDRESS:-127.0.0.1}:$STACK_PORT

in_time() { [ "$(date +%s)" -lt "$deadline" ]; }
leave() { say "$*"; exit 0; }

# field NAME: one field of an INFO on the standard input.
field() { sed -n "s/^$1://p"; }

look() { state=$(as admin "$me" INFO replication) || leave "the server does not answer: nothing to hand over"; }
role() { printf '%s\n' "$state" | field role; }
offset() { printf '%s\n' "$state" | field master_repl_offset; }

# host:port of every replica that is linked to this primary.
replicas() { printf '%s\n' "$state" | sed -n 's/^slave[0-9]*:ip=\([^,]*\),port=\([^,]*\),state=online,.*/\1:\2/p'; }

expect_replicas() { [ -n "$(replicas)" ] || leave "no replica is linked: nobody to hand over to"; }

# A replica is in step when it has applied all that this paused primary has sent. Asked there: what the primary knows
# of it is up to a second old.
caught_up() {
  look
  for replica in $(replicas); do
    has=$(as admin "$replica" INFO replication | field slave_repl_offset)
    [ "${has:-0}" -ge "$(offset)" ] || return 1
  done
}

# would_promote SENTINEL: whether it has somebody to promote, and nobody whom this primary has not got linked.
# It asks replicas every ten seconds, so one that came back just now is not acceptable yet.
would_promote() {
  as admin "$1" SENTINEL REPLICAS "$primary_name" | awk -v linked=" $(replicas | tr '\n' ' ')" '
    function judge() {
      if (of["flags"] == "" || of["flags"] ~ /down|disconnected/ || of["slave-priority"] == "0") return
      if (!index(linked, " " of["ip"] ":" of["port"] " ")) strange = 1
      if (of["master-link-status"] == "ok" && of["master-link-down-time"] == "0") good = 1
    }
    NR % 2 { key = $0; next }
    key == "name" { judge(); split("", of) }
    { of[key] = $0 }
    END { judge(); exit !(good && !strange) }'
}

# choose_leader: the first Sentinel that would promote a replica, into $leader; all that name this node, into $living.
# Fails where they are no majority.
choose_leader() {
  leader=
  living=
  for sentinel in $STACK_SENTINELS; do
    if [ "$(named_by "$sentinel")" = "$self" ]; then
      living="$living $sentinel"
      if [ -z "$leader" ] && would_promote "$sentinel"; then leader=$sentinel; fi
    else
      # Silence takes a while to hear. Where all is being stopped the replicas have gone meanwhile.
      look
      expect_replicas
    fi
  done
  is_majority "$living"
}

named_by() { STACK_SENTINELS=$1 named_by_sentinels; }
is_majority() { [ $(($(words "$1") * 2)) -gt "$(words "$STACK_SENTINELS")" ]; }
words() { printf '%s\n' "$1" | wc -w; }

# successor: the address that a majority of the Sentinels names instead of this node's, into $next; nothing as long as
# there is none. Fails when too few answer.
successor() {
  next=
  naming=
  answering=
  for sentinel in $living; do
    name=$(named_by "$sentinel")
    [ -z "$name" ] || answering="$answering $sentinel"
    case $name in '' | "$self") continue ;; esac
    naming="$naming $sentinel"
    if is_majority "$naming"; then next=$name; return 0; fi
  done
  is_majority "$answering"
}

by_sentinel() {
  while :; do
    choose_leader || leave "no majority of the Sentinels answers and names this node: nobody to hand over to"
    [ -z "$leader" ] || break
    in_time || leave "after $limit s no Sentinel sees a replica in step"
    sleep 0.2
    look
    [ "$(role)" = master ] || leave "this node is a replica by now"
    expect_replicas
  done
  # Longer than this may take: until it stops, the old primary must acknowledge nothing that nobody else would have.
  as admin "$me" CLIENT PAUSE $(((limit + 30) * 1000)) WRITE >/dev/null || leave "writes could not be paused"
  until caught_up; do
    if [ -z "$(replicas)" ] || ! in_time; then
      as admin "$me" CLIENT UNPAUSE >/dev/null || true
      leave "the replicas did not catch up"
    fi
    sleep 0.02
  done
  # Once and at one Sentinel: a second request would start a rival failover. From here on the pause stays. A refusal may
  # mean that another failover is under way, which is as good and will be seen soon.
  if ! as admin "$leader" SENTINEL FAILOVER "$primary_name" >/dev/null; then
    limit=6
    deadline=$(($(date +%s) + limit))
  fi
  while :; do
    successor || leave "the Sentinels are gone"
    [ -z "$next" ] || break
    in_time || leave "after $limit s the Sentinels name nobody else"
    sleep 0.05
  done
  # Clients that wait here would wait until this server has saved its data; elsewhere they are served.
  as admin "$me" CLIENT KILL TYPE normal SKIPME yes >/dev/null || true
  leave "$next is the primary now"
}

# The replica that has most of the data, as host:port.
best_replica() {
  id=$(as admin "$me" CLUSTER MYID)
  as admin "$me" CLUSTER NODES | awk -v id="$id" '$4 == id && $3 !~ /fail|handshake|noaddr/ { sub(/@.*/, "", $2); print $2 }' |
    while read -r replica; do
      facts=$(as admin "$replica" INFO replication) || continue
      case $facts in
        *master_link_status:up*) printf '%s %s\n' "$(printf '%s\n' "$facts" | field slave_repl_offset)" "$replica" ;;
      esac
    done | sort -rn | sed -n '1s/.* //p'
}

# CLUSTER FAILOVER on a replica does all of it: writes pause, it catches up, it takes over.
in_cluster() {
  while look && [ "$(role)" = master ] && in_time; do
    expect_replicas
    best=$(best_replica)
    if [ -n "$best" ] && as admin "$best" CLUSTER FAILOVER >/dev/null; then await_successor; fi
    sleep 0.1
  done
  in_time || leave "no replica took over within $limit s"
  leave "${best:-another node} is the primary of this shard now"
}

# A manual failover ends within five seconds or not at all. The winner hangs up before it is known as the winner: only
# a node that stays without replicas has nobody left.
await_successor() {
  end=$(($(date +%s) + 6))
  alone=0
  while look && [ "$(role)" = master ] && [ "$(date +%s)" -lt "$end" ]; do
    if [ -n "$(replicas)" ]; then alone=0; else alone=$((alone + 1)); fi
    [ "$alone" -lt 30 ] || leave "the replica is gone: nobody to hand over to"
    sleep 0.02
  done
}

look
[ "$(role)" = master ] || exit 0
expect_replicas
if [ -n "${STACK_SENTINELS:-}" ]; then by_sentinel; else in_cluster; fi
