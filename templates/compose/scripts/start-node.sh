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
#
# `start-node.sh users` only renders the users, for an ACL LOAD on the running server.
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
        password=$(secret "$name")
        hash=$(printf '%s' "$password" | tr -d '\r\n' | sha256)
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

has_data() { [ -s "$dump" ] || has_log; }

# The manifest is written last, so a log without one was never finished.
has_log() { for manifest in "$log"/*.manifest; do [ ! -s "$manifest" ] || return 0; done; return 1; }

# conf_value NAME DEFAULT: the last word that the shared file gives a directive.
conf_value() {
  value=$(awk -v name="$1" 'tolower($1) == name { gsub(/"/, "", $2); v = $2 } END { print v }' "$here/redis.conf")
  printf '%s' "${value:-$2}"
}

# How the shared file wants data kept: aof, rdb or none.
wanted_persistence() {
  awk 'tolower($1) == "appendonly" { log_ = tolower($2) }
    tolower($1) == "save" { snapshots = ($2 == "\"\"" || $2 == "'"''"'") ? "no" : "yes" }
    END { print log_ == "yes" ? "aof" : (snapshots == "no" ? "none" : "rdb") }' "$here/redis.conf"
}

# How it was kept until now: as noted at the last start, else by what is there; of two, the one that was written last.
held_persistence() {
  if [ -s "$data/.persistence" ]; then cat "$data/.persistence"; return; fi
  if ! has_log; then echo rdb; return; fi
  newest=$(find "$log" -type f -newer "$dump" 2>/dev/null | head -n 1)
  if [ -s "$dump" ] && [ -z "$newest" ]; then echo rdb; else echo aof; fi
}

# Puts a file or folder out of the server's way; one generation is kept.
retire() {
  [ -e "$1" ] || return 0
  mkdir -p "$data/retired"
  rm -rf "$data/retired/${1##*/}"
  mv "$1" "$data/retired/"
}

note_persistence() {
  printf '%s\n' "$1" >"$data/.persistence.new"
  mv "$data/.persistence.new" "$data/.persistence"
}

# A server reads its log or its snapshot, whichever is configured, and never asks whether the other one holds the data.
# So a change of the setting between two starts would begin with nothing, or with what was true long ago:
#
#   held   wanted   what is done
#   rdb    aof      an old log is put aside; the snapshot is loaded and written as a log
#   aof    aof      nothing; where no log was finished, as above
#   aof    rdb      the log is loaded and written as a snapshot, then put aside
#   rdb    rdb      nothing
#   none   any      what lies there is from before, and is put aside
#   any    none     the same: nothing is promised over a restart, and nothing old comes back
carry_over() {
  dump=$data/$(conf_value dbfilename dump.rdb)
  log=$data/$(conf_value appenddirname appendonlydir)
  end_unfinished
  held=$(held_persistence)
  wanted=$(wanted_persistence)
  if [ "$held" = none ] || [ "$wanted" = none ]; then
    retire "$dump"
    retire "$log"
  elif [ "$wanted" = aof ] && { [ "$held" = rdb ] || ! has_log; }; then
    retire "$log"
    if [ -s "$dump" ]; then convert no; fi
  elif [ "$wanted" = rdb ] && [ "$held" = aof ] && has_log; then
    convert yes
    note_persistence rdb
    retire "$log"
  fi
  note_persistence "$wanted"
}

# on_scratch COMMAND...: asks the server that converts. The socket is named from its folder: long paths do not fit one.
on_scratch() { (cd "$data" && "$cli" -s convert.sock -e "$@" </dev/null | tr -d '\r'); }

# What a start that was killed half way has left running; what it wrote is told from what counts by the notes.
end_unfinished() {
  [ -S "$data/convert.sock" ] || return 0
  on_scratch SHUTDOWN NOSAVE >/dev/null 2>&1 || true
  while on_scratch PING >/dev/null 2>&1; do sleep 0.2; done
  rm -f "$data/convert.sock"
}

# scratch_until FIELD VALUE: waits as long as the server is at work.
scratch_until() {
  until on_scratch INFO persistence 2>/dev/null | grep -q "^$1:$2"; do
    kill -0 "$scratch" 2>/dev/null || fail "the data could not be carried over; see $run/convert.log"
    sleep 0.1
  done
}

# convert LOG: loads the log (yes) or the snapshot (no) in a server that nobody can reach, and has it write the other.
convert() {
  say "persistence was '$held' and is to be '$wanted': carrying the data over"
  {
    grep -Ei '^[[:space:]]*(loadmodule|databases|dbfilename|appenddirname|appendfilename|aof-use-rdb-preamble)[[:space:]]' \
      "$here/redis.conf" || true
    printf 'port 0\nunixsocket convert.sock\nunixsocketperm 700\ndir %s\n' "$(quoted "$data")"
    printf 'daemonize no\nsave ""\nappendonly %s\n' "$1"
  } >"$run/convert.conf"
  "$server" "$run/convert.conf" >>"$run/convert.log" 2>&1 &
  scratch=$!
  trap 'kill "$scratch" 2>/dev/null' EXIT
  trap 'exit 1' INT TERM HUP
  until [ -S "$data/convert.sock" ]; do
    kill -0 "$scratch" 2>/dev/null || fail "the data could not be loaded; see $run/convert.log"
    sleep 0.1
  done
  scratch_until loading 0
  if [ "$1" = yes ]; then
    [ "$(on_scratch SAVE)" = OK ] || fail "the snapshot could not be written; see $run/convert.log"
  else
    [ "$(on_scratch CONFIG SET appendonly yes)" = OK ] || fail "the log could not be begun; see $run/convert.log"
    scratch_until aof_rewrite_scheduled 0
    scratch_until aof_rewrite_in_progress 0
    on_scratch INFO persistence | grep -q '^aof_last_bgrewrite_status:ok' || fail "the log could not be written; see $run/convert.log"
  fi
  on_scratch SHUTDOWN NOSAVE >/dev/null 2>&1 || true
  wait "$scratch" || true
  trap - EXIT INT TERM HUP
  rm -f "$data/convert.sock"
  if [ "$1" = no ] && ! has_log; then fail "the log was not finished; see $run/convert.log"; fi
}

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
  # What this node was started with, to tell later what has changed.
  cat "$here/redis.conf" >"$run/shared.conf"
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
  carry_over
  if [ -n "${STACK_SENTINELS:-}" ]; then
    probe=$(secret probe)
    decide
    say "starting as ${follow:+replica of }${follow:-primary}"
  fi
  write_data_conf
  : >"$marker"
  exec "$server" "$run/redis.conf"
}

# Afterwards the file holds what this Sentinel learned: who is primary, who else is there. The settings of the shared
# part, where it listens and how it logs in are written anew at each start.
write_sentinel_conf() {
  state=$data/sentinel.conf
  [ -s "$state" ] || awk -v host="${STACK_PRIMARY%:*}" -v port="${STACK_PRIMARY##*:}" \
    '$1 == "sentinel" && $2 == "monitor" { $4 = host; $5 = port } { print }' "$here/sentinel.conf" >"$state"
  awk -v name="$primary_name" '
    NR == FNR { if ($1 == "sentinel" && $2 == "monitor") quorum = $6; else if ($1 == "sentinel") set[$2] = $0; next }
    $1 == "sentinel" && $2 == "monitor" { $6 = quorum; print; for (option in set) print set[option]; next }
    !($1 == "sentinel" && $3 == name && ($2 in set)) { print }' "$here/sentinel.conf" "$state" >"$state.set"
  mv "$state.set" "$state"
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
if [ "${1:-start}" = users ]; then
  file=users.acl
  if [ "${STACK_KIND:-data}" = sentinel ]; then file="sentinel-$file"; fi
  users "$file" >"$run/users.acl.new"
  mv "$run/users.acl.new" "$run/users.acl"
  exit 0
fi
case ${STACK_KIND:-data} in
  data) start_data ;;
  sentinel) start_sentinel ;;
  *) fail "STACK_KIND is '$STACK_KIND'; it must be data or sentinel" ;;
esac
