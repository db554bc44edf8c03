#!/bin/sh
# Succeeds when the server of this node answers. LOADING, NOAUTH and MASTERDOWN are errors, and silence is one too.
set -eu
# shellcheck source=ask.sh
. "$(dirname "$0")/ask.sh"
[ "$(as probe "$me" PING)" = PONG ]
