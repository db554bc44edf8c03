#!/bin/sh
# Brings the sets of backup.sh to a bucket, or back from it, with rclone. A manifest follows its files, so that a set without
# one is no backup there either.
#
#   upload.sh once    copies what the bucket lacks, then removes there what is more than STACK_BACKUP_KEEP sets
#   upload.sh loop    the same every STACK_UPLOAD_EVERY seconds (60); a failure is said and tried again
#   upload.sh fetch   copies what the folder lacks from the bucket, to restore from
#
#   STACK_NAME        name of the stack; files begin with it    STACK_BUCKET            bucket/prefix
#   STACK_BACKUP_TO   folder of the sets (/backup)              STACK_BUCKET_ENDPOINT   URL, where it is not Amazon's
#   STACK_SECRETS     folder with the file `bucket`             STACK_BUCKET_REGION     region
#
# The file `bucket` holds the id of the access key in its first line and the key itself in its second.
set -eu

to=${STACK_BACKUP_TO:-/backup}
keep=${STACK_BACKUP_KEEP:-7}
secret=${STACK_SECRETS:-/run/secrets}/bucket
name=$STACK_NAME
remote=store:$STACK_BUCKET

say() { printf 'upload: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }

# The store is described to rclone by its environment alone: there is no file to write, and arguments can be read by all.
describe_store() {
  id=$(sed -n '1s/[[:space:]]*$//p' "$secret" 2>/dev/null) || id=
  key=$(sed -n '2s/[[:space:]]*$//p' "$secret" 2>/dev/null) || key=
  case $id in '' | '#'*) fail "no access key: put its id into the first line of .secrets/bucket, and the key into the second" ;; esac
  export RCLONE_CONFIG=/dev/null RCLONE_CONFIG_STORE_TYPE=s3 RCLONE_CONFIG_STORE_NO_CHECK_BUCKET=true
  export RCLONE_CONFIG_STORE_ACCESS_KEY_ID="$id" RCLONE_CONFIG_STORE_SECRET_ACCESS_KEY="$key"
  if [ -n "${STACK_BUCKET_ENDPOINT:-}" ]; then
    export RCLONE_CONFIG_STORE_PROVIDER=Other RCLONE_CONFIG_STORE_ENDPOINT="$STACK_BUCKET_ENDPOINT"
  else
    export RCLONE_CONFIG_STORE_PROVIDER=AWS
  fi
  export RCLONE_CONFIG_STORE_REGION="${STACK_BUCKET_REGION:-us-east-1}"
}

# Words for every call: bounded, quiet, and no guessing by time of what has changed.
store() { rclone --retries 3 --low-level-retries 3 --contimeout 15s --timeout 120s --log-level ERROR "$@"; }

# Out of a list of file names: the times of the sets that have a manifest, oldest first.
stamps() { sed -n "s/^$name-\([0-9]\{8\}T[0-9]\{6\}Z\)\.json\$/\1/p" | sort; }

# A bucket without anything of ours says that there is no such folder.
there() {
  code=0
  listed=$(store lsf --files-only "$remote" 2>/dev/null) || code=$?
  if [ "$code" -ne 0 ] && [ "$code" -ne 3 ]; then
    store lsf --files-only "$remote" >/dev/null
    return 1
  fi
  printf '%s\n' "$listed" | stamps
}

here() { find "$to" -name "$name-*.json" -exec basename {} \; | stamps; }
# lines_without A B: the lines of A that are not among those of B.
lines_without() { printf '%s\n' "$1" | grep -vxF "$2" || true; }

# The files that a manifest names, as long as they are names of this very set.
files_of() { sed -n "s/^ *\"file\": \"\($name-$2\.shard-[0-9]*\.rdb\.gz\)\",\$/\1/p" "$1"; }

send() {
  for file in $(files_of "$to/$name-$1.json" "$1"); do store copyto "$to/$file" "$remote/$file" || return 1; done
  store copyto "$to/$name-$1.json" "$remote/$name-$1.json" || return 1
  say "the set of $1 is in the bucket"
}

# The manifest first, so that what is left of a removal that was cut short counts as nothing.
remove() {
  say "removing the set of $1 from the bucket"
  store deletefile "$remote/$name-$1.json" || return 1
  store delete --include "$name-$1.shard-*.rdb.gz" "$remote"
}

once() {
  describe_store
  known=$(there) || fail "the bucket $STACK_BUCKET cannot be read"
  # One that would be removed again at once is not sent.
  newest=$(printf '%s\n%s\n' "$known" "$(here)" | sed '/^$/d' | sort -u | tail -n "$keep")
  for time in $(lines_without "$newest" "${known:-none}"); do
    send "$time" || fail "the set of $time could not be sent; it stays here and is tried again"
  done
  # After a loss of all data the newest set is empty, and no older one is removed.
  latest=$(here | tail -n 1)
  if [ -z "$latest" ] || ! grep -q '"keys": [1-9]' "$to/$name-$latest.json"; then return 0; fi
  for time in $(there | sort -r | tail -n "+$((keep + 1))"); do
    remove "$time" || fail "the set of $time could not be removed"
  done
}

fetch() {
  describe_store
  known=$(here)
  all=$(there) || fail "the bucket $STACK_BUCKET cannot be read"
  for time in $(lines_without "$all" "${known:-none}"); do
    manifest=$name-$time.json
    store copyto "$remote/$manifest" "$to/$manifest.partial" || fail "$manifest could not be fetched"
    for file in $(files_of "$to/$manifest.partial" "$time"); do
      store copyto "$remote/$file" "$to/$file" || fail "$file could not be fetched"
    done
    mv "$to/$manifest.partial" "$to/$manifest"
    printf '%s\n' "$to/$manifest"
  done
}

loop() {
  child=
  trap '[ -z "$child" ] || kill "$child" 2>/dev/null || true; exit 0' INT TERM HUP
  while :; do
    sh "$0" once &
    child=$!
    wait "$child" || say "trying again in ${STACK_UPLOAD_EVERY:-60} s"
    sleep "${STACK_UPLOAD_EVERY:-60}" &
    child=$!
    wait "$child" || true
    child=
  done
}

case ${1:-once} in
  once) once ;;
  loop) loop ;;
  fetch) fetch ;;
  *) fail "'$1' is none of once, loop, fetch" ;;
esac
