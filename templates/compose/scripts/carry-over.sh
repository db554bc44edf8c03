# shellcheck shell=sh disable=SC2154
# How a node's data comes over from one way of keeping it to another. Sourced by start-node.sh, which says where
# everything is: here, run, data, server, cli.

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
  # Its status is that of the last program in the pipe, so the answer is looked at.
  while [ -n "$(on_scratch PING 2>/dev/null)" ]; do sleep 0.2; done
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
  trap - EXIT
  trap 'exit 143' INT TERM HUP
  rm -f "$data/convert.sock"
  if [ "$1" = no ] && ! has_log; then fail "the log was not finished; see $run/convert.log"; fi
}
