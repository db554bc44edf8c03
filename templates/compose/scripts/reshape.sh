# shellcheck shell=sh disable=SC2154
# A cluster that is to have other shards: new ones get slots, those that leave are emptied and taken out. Sourced by
# form-cluster.sh, which has the functions that are used here.
#
#   STACK_LEAVING   shards that leave, as STACK_SHARDS has those that stay
#
# Every step can be cut short and begun again. The number of shards that there are is asked of the cluster itself.

leaving=$(printf '%s\n' "${STACK_LEAVING:-}" | tr ' ' '\n' | tr ',' '\n' | sed '/^$/d')

# manage WORDS: the cluster manager of the command line client. What it did is shown when it fails.
manage() {
  said=$(
    REDISCLI_AUTH=$(secret admin) || exit 1
    export REDISCLI_AUTH
    client 0 admin --cluster "$@" 2>&1 </dev/null
  ) || {
    say "$cli --cluster $1 did not end well:"
    printf '%s\n' "$said" | tail -n 5 >&2
    return 1
  }
}

id_of() { on "$1" CLUSTER MYID; }

# Slots that were on their way when somebody stopped.
close_slots() {
  for n in $all $leaving; do
    if on "$n" CLUSTER NODES | grep myself | grep -q -e '->-' -e '-<-'; then
      say "slots were left on their way: bringing them to an end"
      manage fix "${first%@*}" && return 0
      return 1
    fi
  done
}

# thinner_than PERCENT: whether a shard that stays has less than so much of its fair share. A shard is counted by whoever is
# its primary now.
thinner_than() {
  owners=
  for shard in $STACK_SHARDS; do owners="$owners $(owner_of "${shard%%,*}")" || return 1; done
  on "$first" CLUSTER NODES | awk -v owners="$owners" -v percent="$1" '
    { for (i = 9; i <= NF; i++) if ($i !~ /^\[/) { split($i, ends, "-"); slots[$1] += (ends[2] == "" ? 1 : ends[2] - ends[1] + 1) } }
    END {
      count = split(owners, id, " ")
      for (i = 1; i <= count; i++) if (slots[id[i]] * count * 100 < 16384 * percent) exit 0
      exit 1
    }'
}

in_cluster() { [ "$(info "$1" cluster_known_nodes)" -gt 1 ]; }

# Shares that somebody has chosen are left alone: slots move only when a shard is new, or when shards leave. Once begun, it
# goes on until all have their share; one that was cut short is begun again where a shard has less than half of it.
enough=50
balanced() {
  close_slots || return 1
  weights=
  held=
  for n in $leaving; do
    if ! in_cluster "$n" || ! is_primary "$n"; then continue; fi
    weights="$weights --cluster-weight $(id_of "$n")=0"
    if has_slots "$n"; then held=yes; fi
  done
  if [ -z "$held" ] && ! thinner_than "$enough"; then return 0; fi
  [ "$enough" != 50 ] || say "moving slots${held:+ away from the shards that leave}"
  enough=90
  # shellcheck disable=SC2086 # one option a word
  manage rebalance "${first%@*}" --cluster-use-empty-masters --cluster-threshold 1 $weights || true
  return 1
}

# Takes emptied nodes out: everybody forgets them, and they forget everybody, so that nobody hears of them again.
dismiss() {
  for n in $leaving; do
    answers "$n" || continue
    in_cluster "$n" || continue
    if is_primary "$n" && has_slots "$n"; then fail "$n still holds slots: it is not taken out"; fi
    gone=$(id_of "$n")
    for peer in $all; do on "$peer" CLUSTER FORGET "$gone" >/dev/null || true; done
    # A replica loses its copy here, which its primary, empty by now, no longer has either.
    on "$n" CLUSTER RESET HARD >/dev/null || true
    say "$n has left the cluster"
  done
}

# Nodes that nobody reaches and that hold nothing: taken away with their pods, or come back without their disk as somebody
# else. One that is only away for a while is neither.
forget_ghosts() {
  present=
  for n in $all $leaving; do present="$present ${n%@*}=$(id_of "$n" || echo unknown)"; done
  for n in $all; do
    ghosts=$(on "$n" CLUSTER NODES | awk -v present="$present" '
      BEGIN { count = split(present, words, " "); for (i = 1; i <= count; i++) { split(words[i], w, "="); id[w[1]] = w[2] } }
      $3 ~ /(^|,)(fail|noaddr)(,|$)/ && NF == 8 {
        at = $2
        sub(/@.*/, "", at)
        if (!(at in id) || (id[at] != "unknown" && id[at] != $1)) print $1
      }') || continue
    for ghost in $ghosts; do on "$n" CLUSTER FORGET "$ghost" >/dev/null || true; done
  done
}

reshape() {
  forget_ghosts
  attempts=0
  until balanced; do
    attempts=$((attempts + 1))
    [ "$attempts" -lt 60 ] || fail "the slots could not be moved"
    sleep 2
  done
  dismiss
}
