#!/bin/sh
# compile.sh ARCH VERSION OUTPUT: one static binary for a GOARCH.
set -eu

case "$1" in
amd64) triplet=x86_64-linux-gnu ;;
arm64) triplet=aarch64-linux-gnu ;;
*)
	echo "compile.sh: no compiler for $1" >&2
	exit 1
	;;
esac

mkdir -p "$(dirname "$3")"
"$triplet-gcc" -std=c17 -O2 -Wall -Wextra -Werror -static -s -DVERSION="\"$2\"" -o "$3" hello.c
