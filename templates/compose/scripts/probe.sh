#!/bin/sh
# How the server of this pod is, for Kubernetes; one question each:
#
#   probe.sh started   has it loaded its data?         It is not asked anything else before.
#   probe.sh alive     does it say anything at all?    An error is an answer; a server that is silent is started again.
#   probe.sh ready     does it serve clients?          A replica only when it is linked to its primary and has its copy, a
#                                                      cluster node only when it knows who has which slots.
set -eu
# Which node this is: pod.sh has written it down.
# shellcheck source=/dev/null
. "${STACK_RUN:-/run/stack}/node"
# shellcheck source=ask.sh
. "$(dirname "$0")/ask.sh"

field() { printf '%s\n' "$facts" | sed -n "s/^$1://p"; }

case ${1:-} in
  started) said=$(reply probe "$me" PING) && case $said in *LOADING*) exit 1 ;; esac ;;
  alive) reply probe "$me" PING >/dev/null ;;
  ready)
    [ "$(as probe "$me" PING)" = PONG ]
    [ "$STACK_KIND" = data ] || exit 0
    facts=$(as probe "$me" INFO replication)
    if [ "$(field role)" = slave ]; then
      [ "$(field master_link_status)" = up ]
      [ "$(field master_sync_in_progress)" = 0 ]
    fi
    [ -n "${STACK_BUS_PORT:-}" ] || exit 0
    facts=$(as probe "$me" CLUSTER INFO)
    [ "$(field cluster_slots_assigned)" != 0 ]
    ;;
  *) fail "'${1:-}' is not one of started, alive, ready" ;;
esac
