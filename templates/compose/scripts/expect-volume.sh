# shellcheck shell=sh disable=SC2154
# What lies in the data folder must be this node's own. Sourced by start-node.sh, which says where everything is.
# Fails before anything is changed: a server that is given another kind's files ignores, empties or refuses them.
#
# The kind is noted in .stack-kind at the first start. Where there is no note, the files tell.

own_kind() {
  if [ "${STACK_KIND:-data}" = sentinel ]; then echo sentinel
  elif [ -n "${STACK_BUS_PORT:-}" ]; then echo cluster
  else echo data; fi
}

held_kind() {
  if [ -s "$data/.stack-kind" ]; then cat "$data/.stack-kind"
  elif [ -s "$data/sentinel.conf" ]; then echo sentinel
  elif [ -s "$data/$(conf_value cluster-config-file nodes.conf)" ]; then echo cluster
  elif has_data; then echo data; fi
}

describe() {
  case $1 in
    sentinel) echo "the state of a Sentinel" ;;
    cluster) echo "the data of a cluster node" ;;
    *) echo "the data of a node without slots (standalone or Sentinel)" ;;
  esac
}

expect_volume() {
  held=$(held_kind)
  wanted=$(own_kind)
  [ "${held:-$wanted}" = "$wanted" ] || fail "$data holds $(describe "$held"), but this node is to keep $(describe "$wanted")." \
    "Nothing was changed. Choose the topology it was made with in redis-stack.yaml, or give this node an empty volume" \
    "and move the data with a backup (create-redis-stack restore)."
  if [ "$wanted" != sentinel ]; then expect_readable; fi
}

note_kind() { own_kind >"$data/.stack-kind"; }

# The checker of the server tells a version that it cannot read from the first bytes of a file alone.
expect_readable() {
  checker=${server%-server}-check-rdb
  if ! command -v "$checker" >/dev/null 2>&1 || [ "$(conf_value rdb-version-check strict)" = relaxed ]; then return 0; fi
  for file in "$dump" "$log"/*.base.rdb; do
    [ -s "$file" ] || continue
    head -c 9 "$file" >"$run/first-bytes"
    said=$(bounded 5 "$checker" "$run/first-bytes" 2>&1 |
      grep -Eo "(Can't handle RDB format|Foreign RDB) version [0-9]+|Wrong signature" | head -n 1) || true
    rm -f "$run/first-bytes"
    [ -z "$said" ] || fail "${file##*/} in $data cannot be read by $("$server" --version | cut -d ' ' -f 1-3): $said." \
      "It was written by a newer release or another engine. Nothing was changed. Choose that release again in" \
      "redis-stack.yaml (engine), or give this node an empty volume and move the data with a client that copies keys."
  done
}
