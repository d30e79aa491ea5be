#!/bin/sh
# Writes the banner to the console, or to standard output where there is none.
set -eu
if [ -w /dev/console ] && [ "${1:-}" != "--stdout" ]; then
	cat /etc/banner > /dev/console
else
	cat /etc/banner
fi
