#!/bin/sh
# Brings a set of backup.sh back into the running stack, whatever its shape was and is. Needs what the image of the engine has.
#
#   restore.sh [SET]   SET is a name or a time, such as 20260102T030405Z; without one STACK_RESTORE_SET counts, else the newest
#
# Each file is loaded by a server of its own on a socket that nobody else can reach; values go as they are (DUMP) to whoever
# is responsible for them (RESTORE), with the very times at which they run out. Nothing is written before the whole set has
# been verified, and only into a stack without keys. The application should not write meanwhile.
#
#   STACK_NAME          name of the stack              STACK_BACKUP_TO      folder of the sets, only read (/backup)
#   STACK_RESTORE_TO    host:port of every data node   STACK_DATA           folder for unpacked files, for one run at a time
#   STACK_RESTORE_SET   which set (newest)             STACK_SERVER         the server program (redis-server)
#   STACK_RESTORE_OVER  yes: keys of the stack that the set has as well are replaced; others stay. After a run that failed
#   STACK_WAIT          seconds to wait for the stack, at the start and whenever it takes nothing (300)
#   STACK_RESTORE_MEMORY   bytes that this container may use (what its control group says)
#
# What ask.sh reads from the environment counts as well. Logs in as `admin`.
set -eu
umask 077

here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=ask.sh
. "$here/ask.sh"
# shellcheck source=restore-lua.sh
. "$here/restore-lua.sh"
# shellcheck source=restore-keys.sh
. "$here/restore-keys.sh"

from=${STACK_BACKUP_TO:-/backup}
data=${STACK_DATA:-/data}
nodes=${STACK_RESTORE_TO:-${STACK_BACKUP_FROM:-}}
over=${STACK_RESTORE_OVER:-no}
patience=${STACK_WAIT:-300}
name=$STACK_NAME
server=${STACK_SERVER:-redis-server}
check_rdb=${cli%-cli}-check-rdb
# So many keys are found at a time, and so many bytes sent.
chunk_keys=20000
batch_bytes=8388608
sample_keys=100
work='' scratch='' watch=''

sha256() {
  if command -v sha256sum >/dev/null 2>&1; then sha256sum "$1"; else shasum -a 256 "$1"; fi | cut -d ' ' -f 1
}

is_number() { case $1 in '' | *[!0-9]*) return 1 ;; esac; }

# Why a step failed, in the words of the program that failed.
told() { grep -v '^$' "$1" 2>/dev/null | tail -n "${2:-1}" | tr '\n' ' ' | sed 's/ *$//'; }

say_over="STACK_RESTORE_OVER=yes (in the chart: restore.over)"
again="what was written stays; mend it and run this again with $say_over"

# ---- The set ------------------------------------------------------------------------------------------------------

# The name of the set into $set.
choose_set() {
  [ -d "$from" ] || fail "there is no folder $from with backups"
  if [ "$1" = newest ]; then
    set=$(for file in "$from/$name"-????????T??????Z.json; do [ ! -f "$file" ] || printf '%s\n' "${file##*/}"; done |
      sed -n "s/^\($name-[0-9]\{8\}T[0-9]\{6\}Z\)\.json\$/\1/p" | sort | tail -n 1)
    [ -n "$set" ] || fail "there is no backup of $name in $from"
    return
  fi
  case $1 in *[!0-9A-Za-z.-]*) fail "'$1' is no name of a set" ;; esac
  for set in "${1%.json}" "$name-$1"; do [ ! -f "$from/$set.json" ] || return 0; done
  fail "there is no set '$1' in $from; there are: $(cd "$from" && for file in *Z.json; do [ ! -f "$file" ] || printf '%s ' "${file%.json}"; done)"
}

# `name value` for each line of the manifest that has both; a shard begins with its file.
facts() {
  tr -d '\r\n' <"$from/$set.json" | tr ',' '\n' | tr '{' '\n' | tr '}' '\n' |
    sed -n 's/^[[:space:]]*"\([A-Za-z0-9]*\)"[[:space:]]*:[[:space:]]*"\{0,1\}\([^"]*[^"[:space:]]\)"\{0,1\}[[:space:]]*$/\1 \2/p'
}

# A line a shard: file, bytes, digest, format, keys, and the databases that hold keys, joined by commas.
read_manifest() {
  [ "$(facts | sed -n 's/^format //p')" = 1 ] || fail "$set.json does not describe a backup that this script can read"
  shards=$(facts | awk '
    function flush() { if (file != "") print file, f["bytes"], f["sha256"], f["rdbVersion"], f["keys"], (dbs == "" ? "-" : dbs) }
    $1 == "file" { flush(); file = $2; dbs = ""; split("", f); next }
    file != "" && $1 ~ /^[0-9]+$/ && $2 > 0 { dbs = dbs (dbs == "" ? "" : ",") $1; next }
    { f[$1] = $2 }
    END { flush() }')
  [ -n "$shards" ] || fail "$set.json names no files"
}

verify() {
  n=0 highest=0 newest_format=0
  while read -r file bytes digest format keys dbs; do
    n=$((n + 1))
    if [ "$file" != "$set.shard-$n.rdb.gz" ] || ! is_number "$bytes" || ! is_number "$format" || ! is_number "$keys"; then
      fail "$set.json does not describe a backup: its shard $n does not fit"
    fi
    [ -f "$from/$file" ] || fail "$file is missing: bring it back, or take another set"
    size=$(wc -c <"$from/$file" | tr -d ' ')
    [ "$size" = "$bytes" ] || fail "$file has $size bytes and had $bytes: it is damaged. Take another set"
    [ "$(sha256 "$from/$file")" = "$digest" ] || fail "$file is not what was written, its digest is another one: it is damaged. Take another set"
    [ "$format" -le "$newest_format" ] || newest_format=$format
    for db in $(printf '%s' "${dbs#-}" | tr ',' ' '); do [ "$db" -le "$highest" ] || highest=$db; done
  done <<END
$shards
END
}

# ---- The stack ----------------------------------------------------------------------------------------------------

# speak NODE WORDS...: the client at a server of the stack, for what must not pass through a variable. Complaints: $work/said.
speak() (
  speak_to=$1
  shift
  REDISCLI_AUTH=$(secret admin) || exit 1
  export REDISCLI_AUTH
  client 120 admin -h "${speak_to%:*}" -p "${speak_to##*:}" "$@" 2>"$work/said"
)

# Who takes which keys into $owners: a line each, `host:port slots`; slots are `all` outside a cluster. While that is open
# they stay as they were, and it fails.
look() {
  for node in $nodes; do
    case $(as admin "$node" INFO server) in
      *_mode:cluster*) kind=cluster; seen=$(slots_seen_by "$node") || seen= ;;
      *_mode:*) kind=single; seen=$(primary_among) ;;
      *) seen= ;;
    esac
    if [ -n "$seen" ]; then owners=$(printf '%s\n' "$seen" | sort); return; fi
  done
  return 1
}

slots_seen_by() {
  case $(as admin "$1" CLUSTER INFO) in *cluster_state:ok*) ;; *) return 1 ;; esac
  as admin "$1" CLUSTER NODES | awk -v host="${1%:*}" '
    $3 !~ /master/ || $3 ~ /fail|noaddr|handshake/ { next }
    {
      address = $2; sub(/@.*/, "", address)
      if (address ~ /^:[0-9]+$/) address = host address
      slots = ""
      for (i = 9; i <= NF; i++) if ($i ~ /^[0-9]/) {
        slots = slots (slots == "" ? "" : ",") $i
        count += split($i, range, "-") == 2 ? range[2] - range[1] + 1 : 1
      }
      if (slots != "") print address, slots
    }
    END { exit count == 16384 ? 0 : 1 }'
}

# Of several that call themselves primary the one with the most replicas is.
primary_among() {
  for node in $nodes; do
    as admin "$node" INFO replication | tr '\n' ' ' | sed -n "s/.*role:master .*connected_slaves:\([0-9]*\) .*/\1 $node all/p"
  done | sort -rn | head -n 1 | cut -d ' ' -f 2-
}

primaries() { printf '%s\n' "$owners" | cut -d ' ' -f 1; }

# What is still being read from disk is not counted yet.
all_loaded() { for node in $(primaries); do as admin "$node" INFO persistence | grep -q '^loading:0' || return 1; done; }

# A password that is not accepted will not be accepted later either.
expect_login() {
  for node in $nodes; do
    speak "$node" PING >/dev/null </dev/null || true
    if grep -Eq 'WRONGPASS|NOPERM' "$work/said"; then fail "user admin cannot log in to $node: $(told "$work/said")"; fi
  done
}

await_stack() {
  [ -n "$nodes" ] || fail "STACK_RESTORE_TO names no node"
  waited=0
  until look && all_loaded; do
    if [ $((waited % 10)) -eq 0 ]; then expect_login; say "waiting for the stack: $nodes"; fi
    [ "$waited" -lt "$patience" ] || fail "the stack does not serve: ask $nodes why"
    waited=$((waited + 1))
    sleep 1
  done
}

# sum SECTION PATTERN: over all primaries, of what the pattern finds in their INFO; fails when one does not answer.
sum() {
  total=0
  for node in $(primaries); do
    seen=$(as admin "$node" INFO "$1") || return 1
    for figure in $(printf '%s\n' "$seen" | sed -n "s/$2/\\1/p"); do total=$((total + figure)); done
  done
  printf '%s' "$total"
}
keys_there() { sum keyspace '^db[0-9]*:keys=\([0-9]*\).*'; }
evicted_there() { sum stats '^evicted_keys:\([0-9]*\).*'; }

# From 80 on Valkey counts its own formats; those of Redis from 12 on are strange to it. A serialized value tells the own one.
expect_fit() {
  node=$(primaries | head -n 1)
  # shellcheck disable=SC2046 # two numbers
  set -- $(speak "$node" -D '' FUNCTION DUMP </dev/null | tail -c 10 | od -An -tu1 -N2)
  own=$((${1:-0} + 256 * ${2:-0}))
  [ "$own" -gt 0 ] || fail "$node does not say which format it reads: $(told "$work/said")"
  printf '%s\n' "$shards" | awk -v own="$own" '$4 > own || (own >= 80 && $4 >= 12 && $4 < 80) { exit 1 }' ||
    fail "$set is in format $newest_format, which the servers of this stack (format $own) cannot read: restore it with the engine and release that made it, or newer"
  if [ "$kind" = cluster ]; then
    [ "$highest" -eq 0 ] || fail "$set holds keys in database $highest, and a cluster has database 0 only: restore it into a standalone or Sentinel stack"
  else
    count=$(as admin "$node" CONFIG GET databases | tail -n 1)
    [ "$highest" -lt "${count:-16}" ] || fail "$set holds keys in database $highest, and the stack has $count databases: set databases $((highest + 1))"
  fi
}

expect_empty() {
  before=$(keys_there) || fail "a node of the stack does not answer"
  [ "$before" -gt 0 ] || return 0
  [ "$over" = yes ] || fail "the stack holds $before keys. With $say_over those that $set has as well are replaced, and others stay"
  say "the stack holds $before keys: those that $set has as well are replaced, and others stay"
}

# ---- The job ------------------------------------------------------------------------------------------------------

find_fault() { say "$*"; faults=$((faults + 1)); }

restore_file() {
  start_scratch "$file"
  notes=$((highest + 1))
  found=$(on_scratch INFO persistence </dev/null | tr -d '\r' | sed -n 's/^rdb_last_load_keys_[a-z]*://p' | awk '{ n += $1 } END { print n + 0 }')
  dbs=$(on_scratch INFO keyspace </dev/null | sed -n 's/^db\([0-9]*\):.*/\1/p' | tr '\n' ' ')
  [ "$found" -eq "$keys" ] || find_fault "$file holds $found keys, and the set was noted with $keys"
  carry_functions
  carry_keys
  tries=0
  # Slots may be on their way to another node.
  until compare || [ "$tries" -ge 3 ]; do tries=$((tries + 1)); sleep 1; look || true; done
  [ "$differing" -eq 0 ] || find_fault "of $looked keys of $file that were compared $differing are not in the stack as they should be"
  compared=$((compared + looked))
  stop_scratch
}

judge() {
  look || await_stack
  if ! after=$(keys_there) || ! evicted=$(evicted_there); then fail "a node of the stack does not answer: what it holds is not known. $again"; fi
  least=$((before > written ? before : written))
  [ "$after" -ge $((least - expiring)) ] || find_fault "the stack holds $after keys and should hold $least"
  evicted=$((evicted - evicted_before))
  [ "$evicted" -le 0 ] || find_fault "$evicted keys were evicted meanwhile: the stack has too little memory for its data"
  [ "$faults" -eq 0 ] || fail "$set is not back as it should be: $faults complaints above. $again"
  say "compared $compared keys; the stack holds $after"
  printf 'restored %s keys from %s\n' "$written" "$set"
}

command -v "$check_rdb" >/dev/null 2>&1 || fail "there is no $check_rdb, which comes with the server"
choose_set "${1:-${STACK_RESTORE_SET:-newest}}"
read_manifest
verify
secret admin >/dev/null
sweep
trap clean_up EXIT
trap 'say "stopped; $again"; exit 143' INT TERM HUP
work=$(mktemp -d "$data/restore.XXXXXX") || fail "$data is no folder to write into"
await_stack
expect_fit
expect_empty
evicted_before=$(evicted_there) || fail "a node of the stack does not answer"
written=0 expiring=0 compared=0 faults=0 n=0
said_at=$(date +%s)
# Read beforehand: what runs in the loop must not take lines from it.
while read -r file bytes digest format keys dbs <&3; do
  n=$((n + 1))
  restore_file
done 3<<END
$shards
END
judge
