#!/bin/sh
# Starts one server of the stack: writes its configuration into a private place, then becomes the server.
# The shared part comes from ../redis.conf or ../sentinel.conf, passwords come as files, the rest from the environment:
#
#   STACK_KIND       data or sentinel             STACK_SERVER    the server program
#   STACK_PORT       port to listen on            STACK_CLI       the command line client
#   STACK_ADDRESS    address to announce          STACK_RUN       writable folder for the configuration
#   STACK_HOSTNAME   name to announce (cluster)   STACK_DATA      folder of the data, kept between starts
#   STACK_BUS_PORT   cluster bus port (cluster)   STACK_SECRETS   folder with one file a user
#   STACK_BIND       interfaces, if not all       STACK_NODES     name=host:port@busport of every node
#   STACK_TLS_CERT, STACK_TLS_KEY, STACK_TLS_CA   files; with them the port speaks TLS alone
#   STACK_PRIMARY    host:port of the first primary; its own address on the first primary
#   STACK_PEERS      host:port of the other data nodes     STACK_SENTINELS   host:port of every Sentinel
#   STACK_REPLICAS   how many replicas the first primary has, for Sentinels
#   STACK_ON_STOP    handover: a stop makes a replica the primary first (handover.sh); the script stays until then
#   STACK_ENDPOINT   hostname or ip: what clients are redirected to (cluster; hostname)
#   STACK_ADOPT      host:port of a server that this node takes over from (adopt.sh)
#   STACK_WAIT       seconds to wait for the Sentinels when a node comes back (60)
#   STACK_WAIT_REPLACED   seconds to wait for a Sentinel that takes this primary for lost to replace it (20)
#
# `start-node.sh users` only renders the users, for an ACL LOAD on the running server.
set -eu
umask 077

here=$(cd "$(dirname "$0")/.." && pwd)
run=${STACK_RUN:-/run/stack}
data=${STACK_DATA:-/data}
server=${STACK_SERVER:-redis-server}
marker=$data/.started-before
self=${STACK_ADDRESS:-127.0.0.1}:$STACK_PORT

# shellcheck source=ask.sh
. "$here/scripts/ask.sh"
# shellcheck source=carry-over.sh
. "$here/scripts/carry-over.sh"
# shellcheck source=expect-volume.sh
. "$here/scripts/expect-volume.sh"
# shellcheck source=addresses.sh
. "$here/scripts/addresses.sh"
# shellcheck source=make-way.sh
. "$here/scripts/make-way.sh"
# shellcheck source=adopt.sh
. "$here/scripts/adopt.sh"

sha256() {
  if command -v sha256sum >/dev/null 2>&1; then sha256sum; else shasum -a 256; fi | cut -d ' ' -f 1
}

# A value as a quoted word of a configuration file.
quoted() { printf '"%s"' "$(printf '%s' "$1" | sed 's/[\\"]/\\&/g')"; }

# A hash for each password of a user: the present one, and older ones that are still accepted.
hashes() {
  secret "$1" >/dev/null
  while IFS= read -r password || [ -n "$password" ]; do
    password=$(printf '%s' "$password" | tr -d '\r')
    [ -z "$password" ] || printf ' #%s' "$(printf '%s' "$password" | sha256)"
  done <"$secrets/$1"
}

# The users of ../FILE without comments, each with the hashes of its passwords.
users() {
  while IFS= read -r line || [ -n "$line" ]; do
    case $line in
      '' | '#'*) ;;
      'user default '*) printf '%s\n' "$line" ;;
      'user '*)
        rest=${line#user }
        name=${rest%% *}
        hashes=$(hashes "$name")
        printf 'user %s%s %s\n' "$name" "$hashes" "${rest#* }"
        ;;
      *) fail "$1 holds a line that is not a user: $line" ;;
    esac
  done <"$here/$1"
}

# The address that more than half of all Sentinels give, or nothing.
primary_by_majority() {
  total=$(printf '%s\n' "$STACK_SENTINELS" | wc -w)
  named_by_sentinels | sort | uniq -c | sort -rn | {
    read -r count address || exit 0
    if [ $((count * 2)) -gt "$total" ]; then at_present "$address"; fi
  }
}

# The one peer that is a primary with replicas, or nothing.
primary_by_peers() {
  found=
  for peer in ${STACK_PEERS:-}; do
    state=$(as probe "$peer" INFO replication) || continue
    case $state in
      *role:master*connected_slaves:0*) ;;
      *role:master*)
        [ -z "$found" ] || return 0
        found=$peer
        ;;
    esac
  done
  printf '%s' "$found"
}

peers_hold_keys() {
  for peer in ${STACK_PEERS:-}; do
    case $(as probe "$peer" INFO keyspace) in *db[0-9]*) return 0 ;; esac
  done
  return 1
}

# Named primary while others hold data that is missing here: hand over, for a start would take it from them all. Once: a
# second request would start a rival failover.
hand_over() {
  [ "$asked_for_failover" = no ] || return 0
  asked_for_failover=yes
  say "the Sentinels name this node primary, but $1: asking for a failover"
  for sentinel in $STACK_SENTINELS; do
    if as sentinel "$sentinel" SENTINEL FAILOVER "$primary_name" >/dev/null; then break; fi
  done
}

# Whether another one is about to be the primary, or had better be. For a while only: where nobody can take over, this node
# is needed.
makes_way() {
  [ "$waited" -lt "${STACK_WAIT_REPLACED:-20}" ] || return 1
  if is_stale && peers_hold_newer; then
    hand_over "it ended badly and its peers know what came after its snapshot"
    return 0
  fi
  being_replaced
}

# A Sentinel that takes this node for lost is about to replace it, or will when the others agree: whoever starts now would
# be a second primary.
being_replaced() {
  for sentinel in $STACK_SENTINELS; do
    state=$(as sentinel "$sentinel" SENTINEL MASTER "$primary_name" | sed -n '/^flags$/{n;p;}') || continue
    case $state in *down* | *failover_in_progress*) return 0 ;; esac
  done
  return 1
}

# Decides whom to replicate ('' for nobody) into $follow. Fails closed: a node that ran before and finds no majority
# and no primary does not start, because a second primary would take writes that are lost later.
decide() {
  follow=
  waited=0
  asked_for_failover=no
  while :; do
    chosen=$(primary_by_majority)
    [ -n "$chosen" ] || chosen=$(primary_by_peers)
    if [ -n "$chosen" ] && [ "$chosen" != "$self" ]; then
      follow=$chosen
      return
    fi
    if [ "$chosen" = "$self" ]; then
      if has_data || ! peers_hold_keys; then
        if [ ! -e "$marker" ] || ! makes_way; then return; fi
      else
        hand_over "its disk is empty and its peers hold keys"
      fi
    elif [ ! -e "$marker" ]; then
      [ "$STACK_PRIMARY" = "$self" ] || follow=$STACK_PRIMARY
      return
    fi
    [ "$waited" -lt "${STACK_WAIT:-60}" ] || fail "no majority of the Sentinels names a primary, and no peer is one; not starting a second primary"
    waited=$((waited + 1))
    sleep 1
  done
}

# Where the server listens, with TLS on the same port alone, and where its files are.
listening() {
  if [ -n "${STACK_TLS_CERT:-}" ]; then
    printf 'port 0\ntls-port %s\n' "$STACK_PORT"
    printf 'tls-cert-file %s\n' "$(quoted "$STACK_TLS_CERT")"
    printf 'tls-key-file %s\n' "$(quoted "$STACK_TLS_KEY")"
    printf 'tls-ca-cert-file %s\n' "$(quoted "$STACK_TLS_CA")"
  else
    printf 'port %s\n' "$STACK_PORT"
  fi
  [ -z "${STACK_BIND:-}" ] || printf 'bind %s\n' "$STACK_BIND"
  printf 'dir %s\n' "$(quoted "$data")"
  printf 'aclfile %s\n' "$(quoted "$run/users.acl")"
}

write_data_conf() {
  users users.acl >"$run/users.acl"
  # What this node was started with, to tell later what has changed.
  cat "$here/redis.conf" >"$run/shared.conf"
  {
    cat "$here/redis.conf"
    printf '\n# Of this node alone.\n'
    listening
    if ! adopts; then printf 'masterauth %s\n' "$(quoted "$(secret replication)")"; fi
    if [ -n "${STACK_BUS_PORT:-}" ]; then
      printf 'cluster-port %s\ncluster-announce-bus-port %s\n' "$STACK_BUS_PORT" "$STACK_BUS_PORT"
      printf 'cluster-announce-ip %s\n' "$STACK_ADDRESS"
      printf 'cluster-announce-%s %s\n' "${STACK_TLS_CERT:+tls-}port" "$STACK_PORT"
      if [ -n "${STACK_HOSTNAME:-}" ]; then
        printf 'cluster-announce-hostname %s\n' "$STACK_HOSTNAME"
        printf 'cluster-preferred-endpoint-type %s\n' "${STACK_ENDPOINT:-hostname}"
      fi
    elif [ -n "${STACK_ADDRESS:-}" ]; then
      printf 'replica-announce-ip %s\nreplica-announce-port %s\n' "$STACK_ADDRESS" "$STACK_PORT"
    fi
    if [ -n "$follow" ]; then printf 'replicaof %s %s\n' "${follow%:*}" "${follow##*:}"; fi
    if adopts; then adopting_conf; fi
  } >"$run/redis.conf"
}

start_data() {
  follow=
  carry_over
  if adopts; then
    say "starting as replica of $STACK_ADOPT, to take over from it"
  else
    if [ -n "${STACK_SENTINELS:-}" ]; then
      decide
      say "starting as ${follow:+replica of }${follow:-primary}"
    fi
    heal_cluster
    yield_slots
  fi
  write_data_conf
  : >"$marker"
  note_kind
  serve "$run/redis.conf"
}

# Becomes the server; or, where a stop is to hand over first, stays before it. Its end is the server's end then.
serve() {
  [ "${STACK_ON_STOP:-}" = handover ] || exec "$server" "$@"
  asked=0
  trap 'asked=$((asked + 1))' INT TERM HUP
  : >"$unended"
  "$server" "$@" &
  child=$!
  heeded=0
  while :; do
    if [ "$asked" -gt "$heeded" ]; then
      if [ "$heeded" = 0 ]; then sh "$here/scripts/handover.sh" || true; fi
      heeded=$asked
      kill -TERM "$child" 2>/dev/null || true
    fi
    code=0
    wait "$child" || code=$?
    # A signal ends the waiting, not the server.
    if kill -0 "$child" 2>/dev/null; then continue; fi
    # It may have ended in that very moment; 127 says that its own code was told already.
    if [ "$code" -gt 128 ]; then
      again=0
      wait "$child" 2>/dev/null || again=$?
      [ "$again" = 127 ] || code=$again
    fi
    [ "$code" != 0 ] || rm -f "$unended"
    exit "$code"
  done
}

# A Sentinel that sees the primary before its replicas asks again only after ten seconds, and fails nobody over until
# then. So at its first start it waits for the replicas; later it knows them.
await_replicas() {
  waited=0
  until [ "${STACK_REPLICAS:-0}" = 0 ] || [ "$waited" -ge 15 ]; do
    seen=$(as sentinel "$STACK_PRIMARY" INFO replication) || seen=
    case $seen in *role:slave*) return 0 ;; esac
    seen=$(printf '%s\n' "$seen" | sed -n 's/^connected_slaves://p')
    if [ "${seen:-0}" -ge "$STACK_REPLICAS" ]; then return 0; fi
    waited=$((waited + 1))
    sleep 1
  done
}

# Afterwards the file holds what this Sentinel learned: who is primary, who else is there. The settings of the shared
# part, where it listens and how it logs in are written anew at each start.
write_sentinel_conf() {
  [ -s "$state" ] || awk -v host="${STACK_PRIMARY%:*}" -v port="${STACK_PRIMARY##*:}" \
    '$1 == "sentinel" && $2 == "monitor" { $4 = host; $5 = port } { print }' "$here/sentinel.conf" >"$state"
  awk -v name="$primary_name" '
    NR == FNR { if ($1 == "sentinel" && $2 == "monitor") quorum = $6; else if ($1 == "sentinel") set[$2] = $0; next }
    $1 == "sentinel" && $2 == "monitor" { $6 = quorum; print; for (option in set) print set[option]; next }
    !($1 == "sentinel" && $3 == name && ($2 in set)) { print }' "$here/sentinel.conf" "$state" >"$state.set"
  mv "$state.set" "$state"
  {
    grep -Ev '^(port|bind|dir|aclfile|tls-[a-z-]+|sentinel (announce-ip|announce-port|auth-pass|sentinel-user|sentinel-pass)) ' "$state"
    grep '^tls-' "$here/sentinel.conf" || true
    listening
    printf 'sentinel announce-ip %s\nsentinel announce-port %s\n' "${STACK_ADDRESS:-127.0.0.1}" "$STACK_PORT"
    printf 'sentinel auth-pass %s %s\n' "$primary_name" "$(quoted "$(secret sentinel)")"
    printf 'sentinel sentinel-user sentinel\nsentinel sentinel-pass %s\n' "$(quoted "$(secret sentinel)")"
  } >"$state.new"
  mv "$state.new" "$state"
}

start_sentinel() {
  state=$data/sentinel.conf
  users sentinel-users.acl >"$run/users.acl"
  [ -s "$state" ] || await_replicas
  write_sentinel_conf
  heal_sentinel "$state"
  note_kind
  exec "$server" "$state" --sentinel
}

mkdir -p "$run" "$data"
if [ "${1:-start}" = users ]; then
  file=users.acl
  if [ "${STACK_KIND:-data}" = sentinel ]; then file="sentinel-$file"; fi
  users "$file" >"$run/users.acl.new"
  mv "$run/users.acl.new" "$run/users.acl"
  exit 0
fi
# The first process of a container ignores a signal that it has not asked for.
trap 'exit 143' INT TERM HUP
case ${STACK_KIND:-data} in data | sentinel) ;; *) fail "STACK_KIND is '$STACK_KIND'; it must be data or sentinel" ;; esac
dump=$data/$(conf_value dbfilename dump.rdb)
log=$data/$(conf_value appenddirname appendonlydir)
expect_volume
"start_${STACK_KIND:-data}"
