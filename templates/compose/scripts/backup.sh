#!/bin/sh
# Copies the data of the stack away: of each shard one snapshot, taken from a replica, checked, compressed and counted.
# A set is <name>-<UTC time>.json and the files that it names. That file comes last: without it there is no backup.
#
#   backup.sh once     makes a set now; says on its output where
#   backup.sh loop     makes one whenever the newest is older than STACK_BACKUP_EVERY; a failure is said and tried again
#   backup.sh health   fails when the newest set is older than two times that
#
#   STACK_NAME          name of the stack; files begin with it   STACK_BACKUP_TO     folder for the sets (/backup)
#   STACK_BACKUP_FROM   host:port of every data node             STACK_BACKUP_KEEP   sets that are kept (7)
#   STACK_ENGINE        redis or valkey                          STACK_BACKUP_EVERY  seconds between two sets (86400)
#   STACK_TOPOLOGY      as noted in the set                      STACK_BACKUP_STALL  seconds without a byte until a
#   STACK_WAIT          seconds to wait for a replica (30)                           copy has failed (600)
#
# What ask.sh reads from the environment counts as well.
set -eu
umask 022

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=/dev/null
. "$here/ask.sh"

to=${STACK_BACKUP_TO:-/backup}
keep=${STACK_BACKUP_KEEP:-7}
every=${STACK_BACKUP_EVERY:-86400}
stall=${STACK_BACKUP_STALL:-600}
name=$STACK_NAME
check_rdb=${STACK_CLI:-redis-cli}
check_rdb=${check_rdb%-cli}-check-rdb
stamp=
children=

sha256() {
  if command -v sha256sum >/dev/null 2>&1; then sha256sum "$1"; else shasum -a 256 "$1"; fi | cut -d ' ' -f 1
}

# The manifests of this stack, oldest first. Those of `shop-eu` do not count as those of `shop`.
manifests() {
  for manifest in "$to/$name"-????????T??????Z.json; do
    time=${manifest#"$to/$name-"}
    case ${time%.json} in *[!0-9TZ]*) continue ;; esac
    printf '%s\n' "$manifest"
  done
}

# remove_set STAMP: the manifest first, so that what is left of a removal that was cut short counts as nothing.
remove_set() { rm -f "$to/$name-$1.json" "$to/$name-$1".shard-*.rdb.gz; }

remove_unfinished() {
  rm -f "$to/$name-$1".*.partial "$to/$name-$1".*.said
  [ -f "$to/$name-$1.json" ] || rm -f "$to/$name-$1".shard-*.rdb.gz
  rm -f "$to/$name-$1.partial"
}

# ---- One at a time ------------------------------------------------------------------------------------------------

lock_file=$to/.$name.lock

# Held as long as this process lives, however it ends; without flock a folder is the lock, and its owner is asked for.
lock() {
  if [ ! -d "$to" ] || [ ! -w "$to" ]; then fail "$to is no folder that user $(id -u) can write into"; fi
  if command -v flock >/dev/null 2>&1; then
    { [ -e "$lock_file" ] || : >"$lock_file"; } 2>/dev/null || fail "$lock_file cannot be written"
    exec 9<"$lock_file"
    flock -n 9 || busy
  else
    lock_folder "$lock_file.d"
  fi
}

busy() { fail "another backup of $name is being made in $to"; }

lock_folder() {
  self="$(uname -n):$$"
  if ! mkdir "$1" 2>/dev/null; then
    owner=$(cat "$1/owner" 2>/dev/null) || owner=
    if [ "${owner%:*}" = "$(uname -n)" ]; then
      if kill -0 "${owner##*:}" 2>/dev/null; then busy; fi
    elif [ -z "$(find "$1" -prune -mmin +60 2>/dev/null)" ]; then
      busy
    fi
    say "the backup that held $1 is gone"
  fi
  printf '%s\n' "$self" >"$1/owner"
}

unlock() {
  if [ "$(cat "$lock_file.d/owner" 2>/dev/null)" = "$(uname -n):$$" ]; then rm -rf "$lock_file.d"; fi
}

# ---- Whom to copy from --------------------------------------------------------------------------------------------

# One line a shard: all its nodes.
find_shards() {
  for node in $STACK_BACKUP_FROM; do
    case $(as backup "$node" INFO server) in
      *_mode:cluster*)
        known=$(as backup "$node" CLUSTER NODES) || continue
        printf '%s\n' "$known" | by_slots
        return
        ;;
      *_mode:*)
        printf '%s\n' "$STACK_BACKUP_FROM"
        return
        ;;
    esac
  done
  return 1
}

# The cluster's own account of who holds which slots, in the order of the slots.
by_slots() {
  awk '{ address = $2; sub(/@.*/, "", address) }
    $3 ~ /noaddr|handshake/ { next }
    $3 ~ /master/ {
      for (i = 9; i <= NF; i++) if ($i ~ /^[0-9]/) { split($i, range, "-"); first[$1] = range[1] + 0; held[$1] = address; break }
      next
    }
    { replicas[$4] = replicas[$4] " " address }
    END { for (id in held) print first[id], held[id] replicas[id] }' | sort -n | cut -d ' ' -f 2-
}

# field NAME: out of an INFO on standard input.
field() { sed -n "s/^$1://p"; }

# choose NODE...: the replica that is up to date into $source, and $role. Up to date is who holds everything that the
# primary had when it was asked. The primary is the last resort: a copy costs memory and work where it is made.
choose() {
  waited=0
  while :; do
    look_at "$@"
    for node in $linked; do
      if in_step "$node"; then source=$node role=replica; return; fi
    done
    if [ -n "$primary" ] && { [ -z "$linked$unlinked" ] || [ "$waited" -ge "${STACK_WAIT:-30}" ]; }; then
      source=$primary role=primary
      if [ -n "$linked$unlinked" ]; then why='its replicas are not in step'; else why='it has no replica that answers'; fi
      say "copying from the primary $primary: $why"
      return
    fi
    [ "$waited" -lt "${STACK_WAIT:-30}" ] || fail "no node of $* can be copied from"
    waited=$((waited + 1))
    sleep 1
  done
}

# Of several that call themselves primary the one with the most replicas is.
look_at() {
  primary='' linked='' unlinked='' followers=-1 goal=0
  for node in "$@"; do
    seen=$(as backup "$node" INFO replication) || continue
    case $seen in
      *role:master*)
        count=$(printf '%s\n' "$seen" | field connected_slaves)
        if [ "${count:-0}" -gt "$followers" ]; then
          primary=$node followers=$count goal=$(printf '%s\n' "$seen" | field master_repl_offset)
        fi
        ;;
      *master_link_status:up*) linked="$linked $node" ;;
      *) unlinked="$unlinked $node" ;;
    esac
  done
}

in_step() {
  tries=0
  while [ "$tries" -lt 10 ]; do
    seen=$(as backup "$1" INFO replication) || return 1
    case $seen in *master_link_status:up*) ;; *) return 1 ;; esac
    [ "$(printf '%s\n' "$seen" | field slave_repl_offset)" -lt "$goal" ] || return 0
    tries=$((tries + 1))
    sleep 0.2
  done
  return 1
}

# ---- One shard ----------------------------------------------------------------------------------------------------

# transfer NODE FILE: a copy over the network; ends a client that gets nothing any more.
transfer() {
  REDISCLI_AUTH=$(secret backup) || exit 1
  export REDISCLI_AUTH
  # shellcheck disable=SC2154 # from ask.sh
  "$cli" ${STACK_TLS_CA:+--tls --cacert "$STACK_TLS_CA"} --no-auth-warning --user backup \
    -h "${1%:*}" -p "${1##*:}" --rdb "$2" >"$2.said" 2>&1 </dev/null 9<&- &
  client=$!
  trap 'kill "$client" 2>/dev/null; exit 1' TERM INT HUP
  size=-1 idle=0
  while kill -0 "$client" 2>/dev/null; do
    sleep 0.2
    idle=$((idle + 1))
    now=$({ wc -c <"$2"; } 2>/dev/null) || now=0
    if [ "$now" -ne "$size" ]; then size=$now idle=0; fi
    if [ "$idle" -gt $((stall * 5)) ]; then
      kill "$client" 2>/dev/null || true
      printf 'nothing came for %s seconds\n' "$stall" >>"$2.said"
    fi
  done
  wait "$client"
}

# Why a step failed, in the words of the program that failed.
told() { grep -v '^$' "$1" 2>/dev/null | tail -n "${2:-1}" | tr '\n' ' ' | sed 's/ *$//'; }

no_set() { fail "$*. No set was written; the sets of before are untouched"; }

inspect() {
  "$check_rdb" "$1" >"$1.said" 2>&1 || no_set "the copy of shard $2 is damaged: $(told "$1.said" 3)"
  grep -q 'RDB looks OK' "$1.said" || no_set "the copy of shard $2 is not whole"
}

said() { sed -n "s/$2/\\1/p" "$1" | head -n 1 | grep '^[0-9][0-9]*$' || printf '%s' "$3"; }

# {"0": 12, "3": 1} out of INFO keyspace.
databases() {
  as backup "$1" INFO keyspace | sed -n 's/^db\([0-9]*\):keys=\([0-9]*\).*/"\1": \2/p' | awk 'NR > 1 { printf ", " } { printf "%s", $0 }'
}

# finish N SOURCE ROLE: from the raw copy to the compressed one, and its lines of the manifest.
finish() {
  raw=$to/$name-$stamp.shard-$1.rdb.partial
  packed=$to/$name-$stamp.shard-$1.rdb.gz.partial
  inspect "$raw" "$1"
  gzip -c <"$raw" >"$packed" 2>"$packed.said" 9<&- || no_set "shard $1 could not be compressed: $(told "$packed.said")"
  keys=$(said "$raw.said" '^\[info\] \([0-9]*\) keys read.*' 0)
  offset=$(said "$raw.said" ".*AUX FIELD repl-offset = '\([0-9]*\)'.*" 0)
  version=$(head -c 9 "$raw" | tr -dc '0-9' | sed 's/^0*//')
  rm -f "$raw" "$raw.said" "$packed.said"
  sync "$packed" 2>/dev/null || true
  cat >>"$to/$name-$stamp.json.partial" <<END || no_set "the manifest could not be written"
    {
      "file": "$name-$stamp.shard-$1.rdb.gz",
      "bytes": $(wc -c <"$packed" | tr -d ' '),
      "sha256": "$(sha256 "$packed")",
      "rdbVersion": ${version:-0},
      "keys": $keys,
      "databases": { $(databases "$2") },
      "offset": $offset,
      "source": "$2",
      "role": "$3"
    }$4
END
}

# ---- One set ------------------------------------------------------------------------------------------------------

# A second for a set: two never share a name.
choose_stamp() {
  while :; do
    seconds=$(date +%s)
    stamp=$(date -u +%Y%m%dT%H%M%SZ)
    [ -e "$to/$name-$stamp.json" ] || return 0
    sleep 1
  done
}

clean_up() {
  trap - EXIT INT TERM HUP
  for child in $children; do kill "$child" 2>/dev/null || true; done
  for child in $children; do wait "$child" 2>/dev/null || true; done
  if [ -n "$stamp" ]; then remove_unfinished "$stamp"; fi
  unlock
}

once() {
  command -v "$check_rdb" >/dev/null 2>&1 || fail "there is no $check_rdb, which comes with the server; a copy that nobody checked is no backup"
  lock
  trap clean_up EXIT
  trap 'say "stopped; no set was written"; exit 1' INT TERM HUP
  for left in "$to/$name"-????????T??????Z.partial; do
    left=${left#"$to/$name-"}
    case ${left%.partial} in *[!0-9TZ]*) continue ;; esac
    say "removing what an earlier run left unfinished"
    remove_unfinished "${left%.partial}"
  done
  shards=$(find_shards) || fail "no node answers: $STACK_BACKUP_FROM"
  [ -n "$shards" ] || fail "no node holds any slot"
  choose_stamp
  : >"$to/$name-$stamp.partial" || no_set "$to cannot be written"
  copy_all
  describe
  place
  rotate
  printf '%s\n' "$to/$name-$stamp.json"
}

# All shards at once, so that their copies are of nearly the same moment.
copy_all() {
  n=0 sources=
  while read -r nodes; do
    n=$((n + 1))
    # shellcheck disable=SC2086 # one word a node
    choose $nodes
    sources="$sources$n $source $role
"
    transfer "$source" "$to/$name-$stamp.shard-$n.rdb.partial" &
    children="$children $!"
  done <<END
$shards
END
  failed=
  for child in $children; do wait "$child" || failed=yes; done
  children=
  while [ -n "$failed" ] && read -r n source role; do
    log=$to/$name-$stamp.shard-$n.rdb.partial.said
    grep -q 'Transfer finished with success' "$log" 2>/dev/null || no_set "shard $n could not be copied from $source: $(told "$log")"
  done <<END
$sources
END
  [ -z "$failed" ] || no_set "a shard could not be copied"
}

describe() {
  version=$(as backup "${source}" INFO server | sed -n "s/^${STACK_ENGINE:-redis}_version:\([0-9.]*\).*/\1/p")
  cat >"$to/$name-$stamp.json.partial" <<END || no_set "the manifest could not be written"
{
  "format": 1,
  "name": "$name",
  "time": "$(printf '%s' "$stamp" | sed 's/\(....\)\(..\)\(..\)T\(..\)\(..\)/\1-\2-\3T\4:\5:/')",
  "seconds": $seconds,
  "engine": "${STACK_ENGINE:-redis}",
  "version": "$version",
  "topology": "${STACK_TOPOLOGY:-standalone}",
  "shards": [
END
  last=$(printf '%s' "$sources" | wc -l)
  while read -r n source role; do
    comma=,
    [ "$n" -lt "$last" ] || comma=
    finish "$n" "$source" "$role" "$comma"
  done <<END
$(printf '%s' "$sources")
END
  printf '  ]\n}\n' >>"$to/$name-$stamp.json.partial" || no_set "the manifest could not be written"
}

place() {
  tail -n 1 "$to/$name-$stamp.json.partial" | grep -q '^}$' || no_set "the manifest is not whole"
  for packed in "$to/$name-$stamp".shard-*.rdb.gz.partial; do mv "$packed" "${packed%.partial}"; done
  sync "$to/$name-$stamp.json.partial" 2>/dev/null || true
  mv "$to/$name-$stamp.json.partial" "$to/$name-$stamp.json"
  rm -f "$to/$name-$stamp.partial"
}

# The new set stays whatever the clock said when the others were made. One without a key takes the place of none: it is what
# a stack gives that has lost its data and waits for a restore.
rotate() {
  if ! grep -q '"keys": [1-9]' "$to/$name-$stamp.json"; then
    say "the stack is empty: older sets are kept, however many there are"
    return
  fi
  manifests | grep -v "$name-$stamp.json\$" | sort -r | tail -n "+$keep" | while read -r manifest; do
    old=${manifest#"$to/$name-"}
    say "removing the set of ${old%.json}"
    remove_set "${old%.json}"
  done
}

# ---- The job ------------------------------------------------------------------------------------------------------

# Seconds since the newest set; nothing where there is none.
age() {
  newest=$(manifests | tail -n 1)
  [ -n "$newest" ] || return 0
  made=$(sed -n 's/^  "seconds": \([0-9]*\),$/\1/p' "$newest")
  printf '%s' "$(($(date +%s) - ${made:-0}))"
}

loop() {
  child=
  trap '[ -z "$child" ] || kill "$child" 2>/dev/null || true; exit 0' INT TERM HUP
  retry=$((every < 300 ? every : 300))
  while :; do
    old=$(age)
    rest=$((every - ${old:-every}))
    # A newest set from the future says nothing about when the next is due.
    if [ "$rest" -le 0 ] || [ "$rest" -gt "$every" ]; then
      rest=$every
      sh "$0" once &
      child=$!
      if ! wait "$child"; then
        say "no backup was made; trying again in $retry s"
        rest=$retry
      fi
    fi
    sleep "$rest" &
    child=$!
    wait "$child" || true
    child=
  done
}

case ${1:-once} in
  once) once ;;
  loop) loop ;;
  health)
    old=$(age)
    [ "${old:-999999999}" -lt $((every * 2)) ] || fail "the newest set is ${old:+$old s old, and one is due every $every s}${old:-not there}"
    ;;
  *) fail "'$1' is none of once, loop, health" ;;
esac
