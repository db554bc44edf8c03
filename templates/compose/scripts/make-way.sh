# shellcheck shell=sh disable=SC2154
# A primary that comes back without its data, or with an old snapshot of it, while replicas have all of it, makes way for one
# of them: serving at once, it would have them copy what little it has. Sourced by start-node.sh.
#
#   STACK_OUTLIVED   seconds for which a replica must have run to know more than an old snapshot does (15): one that was
#                    started only now has nothing but a snapshot itself

# There while a server runs, and after one that did not end in order.
unended=$data/.not-ended
ended_badly=no
[ ! -e "$unended" ] || ended_badly=yes

# Of a log at most a second is missing.
is_stale() { [ "$ended_badly" = yes ] && [ "$(conf_value appendonly no)" = no ]; }

# Whether a replica has data that is missing here.
holds_newer() {
  facts=$(as admin "$1" INFO) || return 1
  case $facts in *role:slave*) ;; *) return 1 ;; esac
  case $facts in *db[0-9]*:keys=*) ;; *) return 1 ;; esac
  if ! has_data; then return 0; fi
  runs=$(printf '%s\n' "$facts" | sed -n 's/^uptime_in_seconds://p')
  [ "${runs:-0}" -ge "${STACK_OUTLIVED:-15}" ]
}

peers_hold_newer() {
  for peer in ${STACK_PEERS:-}; do
    if holds_newer "$peer"; then return 0; fi
  done
  return 1
}

# The replicas of this cluster node, as host:port, where it remembers to be a primary with slots.
own_replicas() {
  awk '
    $2 ~ /@/ { at = $2; sub(/@.*/, "", at); follows[at] = $4; if ($3 ~ /myself/ && $3 ~ /master/ && NF > 8) id = $1 }
    END { for (at in follows) if (id != "" && follows[at] == id) print at }' "$1"
}

# In a cluster a replica takes over by itself when its primary stays away.
yield_slots() {
  table=$data/$(conf_value cluster-config-file nodes.conf)
  if [ ! -s "$table" ]; then return 0; fi
  limit=${STACK_WAIT:-60}
  if has_data; then
    is_stale || return 0
    limit=20
  fi
  waited=0
  for replica in $(own_replicas "$table"); do
    while holds_newer "$replica"; do
      [ "$waited" -gt 0 ] || say "$replica has data that this primary has lost: waiting until it takes over"
      if [ "$waited" -ge "$limit" ]; then
        has_data || fail "no replica took over within $limit s; not starting an empty primary"
        say "no replica took over within $limit s: serving what is here"
        return 0
      fi
      waited=$((waited + 1))
      sleep 1
    done
  done
}
