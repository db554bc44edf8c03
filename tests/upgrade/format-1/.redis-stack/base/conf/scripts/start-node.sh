#!/bin/sh
# Starts one server of the stack: writes its configuration into a private place, then becomes the server.
# The shared part comes from ../redis.conf or ../sentinel.conf, passwords come as files, the rest from the environment:
#
#   STACK_KIND       data or sentinel             STACK_SERVER    the server program
#   STACK_PORT       port to listen on            STACK_CLI       the command line client
#   STACK_ADDRESS    address to announce          STACK_RUN       writable folder for the configuration
#   STACK_HOSTNAME   name to announce (cluster)   STACK_DATA      folder of the data, kept between starts
#   STACK_BUS_PORT   cluster bus port (cluster)   STACK_SECRETS   folder with one file a user
#   STACK_BIND       interfaces, if not all
#   STACK_PRIMARY    host:port of the first primary; its own address on the first primary
#   STACK_PEERS      host:port of the other data nodes     STACK_SENTINELS   host:port of every Sentinel
#   STACK_WAIT       seconds to wait for the Sentinels when a node comes back (60)
set -eu
umask 077

here=$(cd "$(dirname "$0")/.." && pwd)
run=${STACK_RUN:-/run/stack}
data=${STACK_DATA:-/data}
secrets=${STACK_SECRETS:-/run/secrets}
server=${STACK_SERVER:-redis-server}
cli=${STACK_CLI:-redis-cli}
marker=$data/.started-before
self=${STACK_ADDRESS:-127.0.0.1}:$STACK_PORT
primary_name=mymaster

say() { printf 'start-node: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }

secret() {
  [ -s "$secrets/$1" ] || fail "no password for user '$1' in $secrets: every user needs a file there with its password"
  cat "$secrets/$1"
}

sha256() {
  if command -v sha256sum >/dev/null 2>&1; then sha256sum; else shasum -a 256; fi | cut -d ' ' -f 1
}

# A value as a quoted word of a configuration file.
quoted() { printf '"%s"' "$(printf '%s' "$1" | sed 's/[\\"]/\\&/g')"; }

# The users of ../FILE without comments, each with the hash of its password.
users() {
  while IFS= read -r line || [ -n "$line" ]; do
    case $line in
      '' | '#'*) ;;
      'user default '*) printf '%s\n' "$line" ;;
      'user '*)
        rest=${line#user }
        name=${rest%% *}
        hash=$(secret "$name" | tr -d '\r\n' | sha256)
        printf 'user %s #%s %s\n' "$name" "$hash" "${rest#* }"
        ;;
      *) fail "$1 holds a line that is not a user: $line" ;;
    esac
  done <"$here/$1"
}

bounded() { if command -v timeout >/dev/null 2>&1; then timeout 2 "$@"; else "$@"; fi; }

# ask host:port command... as the user `probe`, whose password never is an argument.
ask() {
  address=$1
  shift
  REDISCLI_AUTH=$probe bounded "$cli" --no-auth-warning --user probe \
    -h "${address%:*}" -p "${address##*:}" -e "$@" 2>/dev/null </dev/null | tr -d '\r'
}

# The address that more than half of all Sentinels give, or nothing.
primary_by_majority() {
  total=0
  votes=
  for sentinel in $STACK_SENTINELS; do
    total=$((total + 1))
    answer=$(ask "$sentinel" SENTINEL GET-MASTER-ADDR-BY-NAME "$primary_name" | tr '\n' ':') || answer=
    answer=${answer%:}
    case $answer in *:*) votes="$votes$answer
" ;; esac
  done
  printf '%s' "$votes" | sort | uniq -c | sort -rn | {
    read -r count address || exit 0
    if [ $((count * 2)) -gt "$total" ]; then printf '%s' "$address"; fi
  }
}

# The one peer that is a primary with replicas, or nothing.
primary_by_peers() {
  found=
  for peer in ${STACK_PEERS:-}; do
    state=$(ask "$peer" INFO replication) || continue
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
    case $(ask "$peer" INFO keyspace) in *db[0-9]*) return 0 ;; esac
  done
  return 1
}

has_data() { [ -s "$data/dump.rdb" ] || [ -d "$data/appendonlydir" ]; }

# Named primary with an empty disk while others hold the data: hand over, for a start would empty them all.
hand_over() {
  say "the Sentinels name this node primary, but its disk is empty and its peers hold keys: asking for a failover"
  password=$(secret sentinel)
  for sentinel in $STACK_SENTINELS; do
    if REDISCLI_AUTH=$password bounded "$cli" --no-auth-warning --user sentinel \
      -h "${sentinel%:*}" -p "${sentinel##*:}" -e SENTINEL FAILOVER "$primary_name" >/dev/null 2>&1 </dev/null; then break; fi
  done
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
      if has_data || ! peers_hold_keys; then return; fi
      [ "$asked_for_failover" = yes ] || hand_over
      asked_for_failover=yes
    elif [ ! -e "$marker" ]; then
      [ "$STACK_PRIMARY" = "$self" ] || follow=$STACK_PRIMARY
      return
    fi
    [ "$waited" -lt "${STACK_WAIT:-60}" ] || fail "no majority of the Sentinels names a primary, and no peer is one; not starting a second primary"
    waited=$((waited + 1))
    sleep 1
  done
}

write_data_conf() {
  users users.acl >"$run/users.acl"
  {
    cat "$here/redis.conf"
    printf '\n# Of this node alone.\n'
    printf 'port %s\n' "$STACK_PORT"
    [ -z "${STACK_BIND:-}" ] || printf 'bind %s\n' "$STACK_BIND"
    printf 'dir %s\n' "$(quoted "$data")"
    printf 'aclfile %s\n' "$(quoted "$run/users.acl")"
    printf 'masterauth %s\n' "$(quoted "$(secret replication)")"
    if [ -n "${STACK_BUS_PORT:-}" ]; then
      printf 'cluster-port %s\ncluster-announce-bus-port %s\n' "$STACK_BUS_PORT" "$STACK_BUS_PORT"
      printf 'cluster-announce-ip %s\ncluster-announce-port %s\n' "$STACK_ADDRESS" "$STACK_PORT"
      if [ -n "${STACK_HOSTNAME:-}" ]; then
        printf 'cluster-announce-hostname %s\ncluster-preferred-endpoint-type hostname\n' "$STACK_HOSTNAME"
      fi
    elif [ -n "${STACK_ADDRESS:-}" ]; then
      printf 'replica-announce-ip %s\nreplica-announce-port %s\n' "$STACK_ADDRESS" "$STACK_PORT"
    fi
    if [ -n "$follow" ]; then printf 'replicaof %s %s\n' "${follow%:*}" "${follow##*:}"; fi
  } >"$run/redis.conf"
}

start_data() {
  follow=
  if [ -n "${STACK_SENTINELS:-}" ]; then
    probe=$(secret probe)
    decide
    say "starting as ${follow:+replica of }${follow:-primary}"
  fi
  write_data_conf
  : >"$marker"
  exec "$server" "$run/redis.conf"
}

# The shared part is taken at the first start only: afterwards the file holds what this Sentinel learned. Where it
# listens and how it logs in are written anew at each start.
write_sentinel_conf() {
  state=$data/sentinel.conf
  [ -s "$state" ] || awk -v host="${STACK_PRIMARY%:*}" -v port="${STACK_PRIMARY##*:}" \
    '$1 == "sentinel" && $2 == "monitor" { $4 = host; $5 = port } { print }' "$here/sentinel.conf" >"$state"
  {
    grep -Ev '^(port|bind|dir|aclfile|sentinel (announce-ip|announce-port|auth-pass|sentinel-user|sentinel-pass)) ' "$state"
    printf 'port %s\n' "$STACK_PORT"
    [ -z "${STACK_BIND:-}" ] || printf 'bind %s\n' "$STACK_BIND"
    printf 'dir %s\n' "$(quoted "$data")"
    printf 'aclfile %s\n' "$(quoted "$run/users.acl")"
    printf 'sentinel announce-ip %s\nsentinel announce-port %s\n' "${STACK_ADDRESS:-127.0.0.1}" "$STACK_PORT"
    printf 'sentinel auth-pass %s %s\n' "$primary_name" "$(quoted "$(secret sentinel)")"
    printf 'sentinel sentinel-user sentinel\nsentinel sentinel-pass %s\n' "$(quoted "$(secret sentinel)")"
  } >"$state.new"
  mv "$state.new" "$state"
}

start_sentinel() {
  users sentinel-users.acl >"$run/users.acl"
  write_sentinel_conf
  exec "$server" "$data/sentinel.conf" --sentinel
}

mkdir -p "$run" "$data"
case ${STACK_KIND:-data} in
  data) start_data ;;
  sentinel) start_sentinel ;;
  *) fail "STACK_KIND is '$STACK_KIND'; it must be data or sentinel" ;;
esac
