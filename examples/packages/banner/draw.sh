#!/bin/sh
# draw.sh LINE...: the lines in a frame.
set -eu
. ./shared/frame.sh
frame "$@"
