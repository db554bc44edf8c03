# shellcheck shell=sh disable=SC2154
# A node that begins as a replica of a server outside of its own stack, to take over from it. Sourced by start-node.sh.
#
#   STACK_ADOPT         host:port of that server; without it nothing here is done
#   STACK_ADOPT_USER    its user, if not replication; empty for a password without a user
#   STACK_ADOPT_SECRET  file with the password, if not that of the user replication; an empty file for none
#   STACK_ADOPT_TLS     yes or no: whether that server speaks TLS, where that is not as in this stack
#   STACK_ADOPT_CA      file with its authority, where that is not this stack's
#   STACK_ADOPT_CERT, STACK_ADOPT_KEY   files with a certificate that it asks for: it does not know this stack's
#
# A cluster node refuses REPLICAOF, but follows the address of its primary in nodes.conf. So it begins with a table in which
# that server is a primary with all slots. The table is its own from the moment it takes over.

adopted=$data/.adopted

adopts() { [ -n "${STACK_ADOPT:-}" ] && { [ -z "${STACK_BUS_PORT:-}" ] || follows_adopted; }; }

# Whether the table is still the one that was begun with: this node a replica of the server that is taken over.
follows_adopted() {
  table=$data/$(conf_value cluster-config-file nodes.conf)
  [ -s "$table" ] || return 0
  [ -s "$adopted" ] && grep -q "myself,slave $(cat "$adopted") " "$table"
}

node_id() { od -An -N20 -tx1 /dev/urandom | tr -d ' \n'; }

begin_table() {
  table=$data/$(conf_value cluster-config-file nodes.conf)
  if [ -s "$table" ]; then return 0; fi
  other=$(node_id)
  printf '%s\n' "$other" >"$adopted"
  {
    printf '%s %s:%s@%s myself,slave %s 0 0 0 disconnected\n' "$(node_id)" "$STACK_ADDRESS" "$STACK_PORT" "$STACK_BUS_PORT" "$other"
    printf '%s %s@1 master - 0 0 1 disconnected 0-16383\n' "$other" "$STACK_ADOPT"
    printf 'vars currentEpoch 1 lastVoteEpoch 0\n'
  } >"$table.new"
  mv "$table.new" "$table"
}

# Lines that hold while it follows the other server; the last of a name counts.
adopting_conf() {
  if [ -n "${STACK_BUS_PORT:-}" ]; then
    begin_table
    # The other server has no bus; as long as this, it is not taken for lost, and nothing waits for it.
    printf 'cluster-node-timeout 86400000\ncluster-replica-no-failover yes\n'
  else
    printf 'replicaof %s %s\n' "${STACK_ADOPT%:*}" "${STACK_ADOPT##*:}"
  fi
  # A Sentinel of the other side must not choose it; and when it takes over, its own replicas come after it.
  printf 'replica-priority 0\nmin-replicas-to-write 0\n'
  adopt_user=${STACK_ADOPT_USER-replication}
  printf 'masteruser %s\n' "$(quoted "$adopt_user")"
  if [ -n "${STACK_ADOPT_SECRET:-}" ]; then
    adopt_password=$(head -n 1 "$STACK_ADOPT_SECRET" | tr -d '\r\n')
    [ -z "$adopt_password" ] || printf 'masterauth %s\n' "$(quoted "$adopt_password")"
  else
    printf 'masterauth %s\n' "$(quoted "$(secret replication)")"
  fi
  [ -z "${STACK_ADOPT_TLS:-}" ] || printf 'tls-replication %s\n' "$STACK_ADOPT_TLS"
  [ -z "${STACK_ADOPT_CA:-}" ] || printf 'tls-ca-cert-file %s\n' "$(quoted "$STACK_ADOPT_CA")"
  [ -z "${STACK_ADOPT_CERT:-}" ] || {
    printf 'tls-client-cert-file %s\n' "$(quoted "$STACK_ADOPT_CERT")"
    printf 'tls-client-key-file %s\n' "$(quoted "$STACK_ADOPT_KEY")"
  }
}
