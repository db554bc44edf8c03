# shellcheck shell=sh disable=SC2016,SC2154
# Nodes that come back under other addresses: what servers remember of each other is put right before a start, since
# neither a Sentinel nor a cluster node looks anybody up. Sourced by start-node.sh.
#
#   STACK_NODES   name=host:port@busport of every node of the stack
#
# A node is known by the name it announces, else by its port where no two nodes share one; what fits neither stays.

places='
  BEGIN {
    count = split(nodes, words, " ")
    for (i = 1; i <= count; i++) {
      name = at = words[i]
      sub(/=.*/, "", name)
      sub(/^[^=]*=/, "", at)
      named[name] = at
      ported[port_of(at)] = at
      sharing[port_of(at)]++
    }
  }
  function port_of(at) { sub(/@.*/, "", at); sub(/.*:/, "", at); return at }
  function place(name, at) {
    if (name != "" && name in named) return named[name]
    return sharing[port_of(at)] == 1 ? ported[port_of(at)] : at
  }'

# at_present HOST:PORT: where that node is now.
at_present() {
  printf '%s\n' "$1" | awk -v nodes="${STACK_NODES:-}" "$places"' { at = place("", $1); sub(/@.*/, "", at); print at }'
}

# put_right FILE NEW: takes the new text where it differs. A rename, so that a kill leaves one or the other.
put_right() {
  if cmp -s "$1" "$2"; then rm -f "$2"; return; fi
  say "addresses of peers have changed since the last start: ${1##*/} is put right"
  mv "$2" "$1"
}

# A line a node in nodes.conf: id host:port@busport,hostname,more flags ...
heal_cluster() {
  table=$data/$(conf_value cluster-config-file nodes.conf)
  if [ ! -s "$table" ] || [ -z "${STACK_NODES:-}" ]; then return 0; fi
  awk -v nodes="$STACK_NODES" "$places"'
    $2 ~ /@/ {
      more = ""
      at = name = $2
      if (index($2, ",")) { more = substr($2, index($2, ",")); at = substr($2, 1, index($2, ",") - 1) }
      name = substr(more, 2)
      sub(/,.*/, "", name)
      now = place(name, at)
      if (now != at) { $2 = now more; sub(/,noaddr/, "", $3) }
    }
    { print }' "$table" >"$table.new"
  put_right "$table" "$table.new"
}

# Whom a Sentinel watches and knows. A node that it knew under both addresses is listed once: it refuses to start otherwise.
heal_sentinel() {
  if [ -z "${STACK_NODES:-}" ]; then return 0; fi
  awk -v nodes="$STACK_NODES" "$places"'
    $1 == "sentinel" && $2 ~ /^(monitor|known-replica|known-slave|known-sentinel)$/ {
      at = place("", $4 ":" $5)
      sub(/@.*/, "", at)
      port = port_of(at)
      sub(/:[^:]*$/, "", at)
      if (seen[at, port, $3]++) next
      $4 = at
      $5 = port
    }
    { print }' "$1" >"$1.healed"
  put_right "$1" "$1.healed"
}
