# Rounds of attaching to a loaded service and letting it go. Sourced by run.sh.

# look: the trace is whole, and it says for how long the threads were stopped.
look() {
	is_whole >/dev/null || return 1
	sed -n 's/^  attach_stop_ns *//p' "$WORK/info" >>"$WORK/attach"
	sed -n 's/^  detach_stop_ns *//p' "$WORK/info" >>"$WORK/detach"
}

calm_rounds() {
	local i=0 what
	serve || return 1
	for ((i = 1; i <= rounds; i++)); do
		timed attach attach -d 5ms --rate "$rate" || fail "escprof ended with status $?"
		timed trace look || fail "the trace was cut"
		timed text same_text || fail "the machine code has changed"
		timed answer works_on || fail "see above"
		((i % 20)) || timed rest is_released || fail "see above"
	done
	is_released || fail "see above"
	echo "descriptors $(ls "/proc/$TARGET/fd" | wc -l), mappings $(wc -l <"/proc/$TARGET/maps"), $(grep VmRSS "/proc/$TARGET/status" | tr -s '\t ' ' ')"
	served "all rounds" || fail "see above"
	[ "$(wc -l <"$WORK/attach")" = "$rounds" ] && [ "$(wc -l <"$WORK/detach")" = "$rounds" ] || fail "not every trace tells of its stops"
	times "threads stopped to attach, longest of all tries" <"$WORK/attach"
	times "threads stopped to let go, longest of all tries" <"$WORK/detach"
	printf 'a round:'
	for what in attach trace text answer rest; do
		printf ' %s %d ms' $what $((${spent[$what]:-0} / rounds / 1000))
	done
	echo
	echo "$rounds rounds of attaching (${arguments[*]}, rate $rate, $(go env GOVERSION)), $bad errors"
}
