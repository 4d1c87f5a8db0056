# same_text [PID]: no byte of its machine code differs from its file's.
same_text() {
	local pid=${1:-$TARGET} range offset start size
	read -r range offset < <(awk -v "file=$(stat -Lc %i "/proc/$pid/exe")" '$2 ~ /x/ && $5 == file { print $1, $3; exit }' \
		"/proc/$pid/maps")
	start=$((16#${range%-*}))
	size=$((16#${range#*-} - start))
	cmp <(dd if="/proc/$pid/mem" bs=64k iflag=skip_bytes,count_bytes skip=$start count=$size status=none) \
		<(dd if="/proc/$pid/exe" bs=64k iflag=skip_bytes,count_bytes skip=$((16#$offset)) count=$size status=none)
}
