# shellcheck shell=sh disable=SC2154,SC2034
# How the keys of one file come into the stack. Sourced by restore.sh, which says where everything is: data, work, cli, server;
# which set and which stack: set, from, highest, owners, over.

# ---- The server that holds one file of the set --------------------------------------------------------------------

# The socket is named from its folder: long paths do not fit one.
on_scratch() { (cd "$work" && exec "$cli" -s sock -e "$@"); }

# What an earlier run that was killed with its container has left.
sweep() {
  for left in "$data"/restore.??????; do
    [ -d "$left" ] || continue
    work=$left
    on_scratch SHUTDOWN NOSAVE >/dev/null 2>&1 </dev/null || true
    rm -rf "$left"
  done
  work=
}

clean_up() {
  trap - EXIT INT TERM HUP
  stop_scratch
  if [ -n "$work" ]; then rm -rf "$work"; fi
}

stop_scratch() {
  if [ -n "$watch" ]; then kill "$watch" 2>/dev/null || true; fi
  if [ -n "$scratch" ]; then kill -9 "$scratch" 2>/dev/null || true; wait "$scratch" 2>/dev/null || true; fi
  watch='' scratch=''
}

# Loading takes about as much memory as the shard took; better said than met by the kernel.
expect_memory() {
  used=$(sed -n "s/.*AUX FIELD used-mem = '\([0-9]*\)'.*/\1/p" "$work/check" | head -n 1)
  limit=${STACK_RESTORE_MEMORY:-$(cat /sys/fs/cgroup/memory.max 2>/dev/null || cat /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null || true)}
  if ! is_number "$limit" || ! is_number "$used"; then return 0; fi
  [ "$used" -lt $((limit - limit / 10)) ] ||
    fail "$1 needs about $((used / 1048576 + 64)) MiB of memory to be read, and this container may use $((limit / 1048576)) MiB: give it more"
}

start_scratch() {
  gzip -dc <"$from/$1" >"$work/dump.rdb" 2>"$work/said" || fail "$1 could not be unpacked into $data: $(told "$work/said")"
  "$check_rdb" "$work/dump.rdb" >"$work/check" 2>&1 || fail "$1 is damaged: $(told "$work/check" 3)"
  expect_memory "$1"
  {
    grep -Ei '^[[:space:]]*loadmodule[[:space:]]' "$here/../redis.conf" 2>/dev/null || true
    printf 'port 0\nunixsocket sock\nunixsocketperm 700\ndir .\ndbfilename dump.rdb\nsave ""\nappendonly no\n'
    printf 'daemonize no\nlua-time-limit 0\ndatabases %s\n' "$((highest + 2))"
  } >"$work/scratch.conf"
  rm -f "$work/sock"
  (cd "$work" && exec "$server" scratch.conf >log 2>&1 </dev/null) &
  scratch=$!
  # It ends with this script, even when that is killed outright.
  (while kill -0 "$$" 2>/dev/null; do sleep 1; done; kill -9 "$scratch"; rm -rf "$work") >/dev/null 2>&1 </dev/null &
  watch=$!
  until on_scratch INFO persistence 2>/dev/null </dev/null | grep -q '^loading:0'; do
    kill -0 "$scratch" 2>/dev/null || fail "no server could be started with $1: $(told "$work/log" 3)"
    sleep 0.1
  done
  rm -f "$work/dump.rdb"
  for lua in scan deal emit pick; do
    sha=$("lua_$lua" | on_scratch -x SCRIPT LOAD) || fail "the server with $1 does not take '$lua'"
    eval "sha_$lua=\$sha"
  done
}

# run_lua SCRIPT WORDS...
run_lua() {
  eval "sha=\$sha_$1"
  shift
  # shellcheck disable=SC2154 # set by the eval
  on_scratch EVALSHA "$sha" 0 "$@" </dev/null
}

# ---- From there into the stack ------------------------------------------------------------------------------------

lost_scratch() { fail "the server with $file ended: $(told "$work/log" 2) Perhaps this container has too little memory. In the stack, $again"; }

# What the stack said decides whether it is asked again.
expect_passing() {
  if grep -q '^OOM' "$work/said"; then fail "the stack is full before everything is back: give it more memory. In the stack, $again"; fi
  if grep -Eq 'NOPERM|WRONGPASS|NOAUTH' "$work/said"; then fail "user admin may not restore: $(told "$work/said")"; fi
  if grep -Eq '^(MOVED|ASK|READONLY|LOADING|CLUSTERDOWN|TRYAGAIN|NOREPLICAS|MASTERDOWN|BUSY|UNBLOCKED) ' "$work/said"; then return; fi
  if grep -q '^ERR ' "$work/said"; then fail "the stack refused keys of $file: $(told "$work/said"). In the stack, $again"; fi
}

# again_until_done WORDS...: runs it until it succeeds; looks each time who takes what now.
again_until_done() {
  failing=0
  until "$@"; do
    expect_passing
    kill -0 "$scratch" 2>/dev/null || lost_scratch
    if [ $((failing % 10)) -eq 0 ]; then say "the stack did not take it: $(told "$work/said"); trying again"; fi
    [ "$failing" -lt "$patience" ] || fail "the stack has taken nothing for $patience s: $(told "$work/said"). In the stack, $again"
    failing=$((failing + 1))
    sleep 1
    known=$(primaries)
    look || true
    [ "$(primaries)" = "$known" ] || changed=yes
  done
}

# Sends the keys that were found. What was sent already is sent again after a failure.
deliver() {
  sent=0 sent_expiring=0 owner=0
  # shellcheck disable=SC2046 # one word an owner
  counts=$(run_lua deal "$notes" $(printf '%s\n' "$owners" | cut -d ' ' -f 2)) || lost_scratch
  for node in $(primaries); do
    owner=$((owner + 1))
    count=$(printf '%s' "$counts" | cut -d ' ' -f "$owner")
    next=0
    while [ "$next" -lt "$count" ]; do
      run_lua emit "$notes" "$db" "$owner" "$next" "$batch_bytes" "$(awaited "$node")" >"$work/batch" || lost_scratch
      # shellcheck disable=SC2046 # four numbers
      set -- $(on_scratch -n "$notes" HMGET sent next keys expiring replies </dev/null)
      speak "$node" --pipe >"$work/piped" <"$work/batch" || return 1
      grep -q "^errors: 0, replies: $4\$" "$work/piped" || return 1
      next=$1 sent=$((sent + $2)) sent_expiring=$((sent_expiring + $3))
    done
  done
}

# Replicas that are to have what was written before it counts: one, where there is any.
awaited() { case $(as admin "$1" INFO replication) in *connected_slaves:0* | '') echo 0 ;; *) echo 1 ;; esac; }

carry_keys() {
  passes=0
  while :; do
    changed='' carried=0 carried_expiring=0 passes=$((passes + 1))
    for db in $dbs; do carry_database; done
    if [ -z "$changed" ] || [ "$passes" -ge 3 ]; then break; fi
    say "another node became primary meanwhile, perhaps without what was written last: once more from the start of $file"
  done
  # A walk may meet a key twice while others run out.
  [ "$carried" -le "$found" ] || carried=$found
  written=$((written + carried)) expiring=$((expiring + carried_expiring))
}

carry_database() {
  cursor=0
  while :; do
    cursor=$(run_lua scan "$notes" "$db" "$cursor" "$chunk_keys") || lost_scratch
    again_until_done deliver
    carried=$((carried + sent)) carried_expiring=$((carried_expiring + sent_expiring))
    if [ "$(($(date +%s) - said_at))" -ge 10 ]; then said_at=$(date +%s); say "$file: $carried of $keys keys"; fi
    [ "$cursor" != 0 ] || return 0
  done
}

# Every primary has all libraries. Those of a stack that is not to be replaced stay.
carry_functions() {
  [ -n "$(on_scratch FUNCTION LIST </dev/null)" ] || return 0
  on_scratch -D '' FUNCTION DUMP >"$work/functions" </dev/null || lost_scratch
  again_until_done load_functions
}

load_functions() {
  policy=APPEND
  if [ "$over" = yes ] || [ "$n" -gt 1 ]; then policy=REPLACE; fi
  for node in $(primaries); do
    speak "$node" -e -X payload FUNCTION RESTORE payload "$policy" >/dev/null <"$work/functions" && continue
    grep -q 'already exists' "$work/said" || return 1
    say "functions of $node stay as they are: $(told "$work/said")"
  done
}

# Holds values of the file against those in the stack. A key may run out between two looks, but not come back.
compare() {
  looked=0 differing=0
  each=$((sample_keys / $(primaries | wc -l) + 1))
  while read -r node slots; do
    # shellcheck disable=SC2086 # one word a database
    run_lua pick "$(digest)" "$slots" "$each" $dbs >"$work/lines" || lost_scratch
    : >"$work/said"
    for side in before there after; do
      if [ "$side" = there ]; then speak "$node" <"$work/lines"; else (cd "$work" && "$cli" -s sock <lines); fi >"$work/$side"
    done
    # shellcheck disable=SC2046 # two numbers
    set -- $(awk -v there="$work/there" -v after="$work/after" '
      { t = a = ""; getline t < there; getline a < after }
      $0 == "OK" && t == "OK" { next }
      { n++; if (NF != 4 || length($3) != 40 || (t != $0 && t != a)) bad++ }
      END { print n + 0, bad + 0 }' "$work/before")
    looked=$((looked + $1)) differing=$((differing + $2))
  done <<END
$owners
END
  [ "$differing" -eq 0 ]
}
