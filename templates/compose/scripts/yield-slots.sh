# shellcheck shell=sh disable=SC2154
# A primary of a cluster that comes back without its data, while replicas hold it, waits until one of them is the primary:
# serving at once, it would empty them. Sourced by start-node.sh.

# The replicas of this node, as host:port, where it remembers to be a primary with slots.
own_replicas() {
  awk '
    $2 ~ /@/ { at = $2; sub(/@.*/, "", at); follows[at] = $4; if ($3 ~ /myself/ && $3 ~ /master/ && NF > 8) id = $1 }
    END { for (at in follows) if (id != "" && follows[at] == id) print at }' "$1"
}

holds_keys() {
  case $(as admin "$1" INFO keyspace) in *db[0-9]*) ;; *) return 1 ;; esac
  case $(as admin "$1" INFO replication) in *role:slave*) ;; *) return 1 ;; esac
}

yield_slots() {
  table=$data/$(conf_value cluster-config-file nodes.conf)
  if [ ! -s "$table" ] || has_data; then return 0; fi
  waited=0
  for replica in $(own_replicas "$table"); do
    while holds_keys "$replica"; do
      [ "$waited" -gt 0 ] || say "this node was a primary, but its data is gone and $replica has it: waiting until it takes over"
      [ "$waited" -lt "${STACK_WAIT:-60}" ] || fail "no replica took over within $waited s; not starting an empty primary"
      waited=$((waited + 1))
      sleep 1
    done
  done
}
