#!/bin/sh
# Succeeds when the server of this container answers. -e makes LOADING, NOAUTH and MASTERDOWN failures.
set -eu
secrets=${STACK_SECRETS:-/run/secrets}
REDISCLI_AUTH=$(cat "$secrets/probe")
export REDISCLI_AUTH
answer=$("${STACK_CLI:-redis-cli}" -e --no-auth-warning --user probe -h 127.0.0.1 -p "$STACK_PORT" PING)
[ "$answer" = PONG ]
