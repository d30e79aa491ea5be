# frame TEXT...: each argument on a line of its own, in a box that fits the longest.
frame() {
	frame_width=0
	for frame_line in "$@"; do
		[ "${#frame_line}" -le "$frame_width" ] || frame_width=${#frame_line}
	done
	frame_rule=$(printf "%$((frame_width + 2))s" "" | tr ' ' '-')
	printf '+%s+\n' "$frame_rule"
	for frame_line in "$@"; do
		printf "| %-${frame_width}s |\n" "$frame_line"
	done
	printf '+%s+\n' "$frame_rule"
}
