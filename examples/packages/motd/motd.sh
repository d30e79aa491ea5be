#!/bin/sh
# write-motd FILE: the message of the day, from what the machine says about itself.
set -eu
. /usr/share/motd/frame.sh

proc=${MOTD_PROC:-/host/proc}
memory=$(awk '/^MemTotal:/ { print int($2 / 1024) " MiB" }' "$proc/meminfo")
kernel=$(awk '{ print $3 }' "$proc/version")

frame "kernel $kernel" "memory $memory" "motd   ${MOTD_VERSION:-unknown}" > "$1.new"
mv "$1.new" "$1"
