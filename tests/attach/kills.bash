# escprof is killed at random moments. Sourced by run.sh.

# readable: what a killed escprof has left of its trace; it may not have begun one.
readable() {
	[ ! -e "$TRACE" ] || [ "$(stat -c %s "$TRACE")" -lt 16 ] || info >/dev/null
}

# kill_profiler anywhere|midst MICROSECONDS: on its way in or somewhat later; or up to so long after it has got the memory
# that it shares with the agent, which is not all that it does to the service. Nothing where it has ended.
kill_profiler() {
	case $1 in
	anywhere) random 0 $((GETS_IN * 2)) && kill -9 "$PROFILER" 2>/dev/null ;;
	midst) "$BUILD/tests/tools/kill_in_midst" "$PROFILER" "$2" || kill -9 "$PROFILER" 2>/dev/null ;;
	esac
}

# time_in: sets GETS_IN, the microseconds that it takes an escprof that has just been started to get in.
time_in() {
	local began
	now
	began=$NOW
	gets_in
	now
	GETS_IN=$((NOW - began))
}

# killed_attach anywhere|midst: one attach that is killed. Sets FAR. Status 2: it was done already.
killed_attach() {
	local status
	rm -f "$TRACE"
	if [ "$1" = midst ]; then attach_behind --rate "$rate"; else attach_behind --rate "$rate" -d 1ms; fi
	kill_profiler "$1" 500 2>/dev/null # where bash says that it was killed
	wait "$PROFILER" 2>/dev/null
	status=$?
	[ $status != 0 ] || return 2
	[ $status = 137 ] || { echo "escprof ended with status $status"; return 1; }
	how_far
	readable || { echo "its trace cannot be read"; return 1; }
	works_on
}

killed_attaches() {
	local i count=$((kills - kills * 2 / 5)) tries=0 healed=0 clean=1 when
	local -A far=([nothing]=0 [something]=0 [all]=0)
	[ $count -gt 0 ] || return 0
	serve || return 1
	attach_behind -d 1ms --rate "$rate"
	time_in
	wait "$PROFILER" || return 1
	for ((i = 1; i <= count && tries < 4 * count; tries++)); do
		FAR=nothing
		((i % 2)) && when=anywhere || when=midst
		killed_attach $when
		case $? in
		1) fail "see above" ;;
		2) clean=1; continue ;;
		esac
		# One that was letting go, or came upon what another had left, is no evidence of getting in.
		[ $clean$when != 1midst ] || far[$FAR]=$((far[$FAR] + 1))
		[ $FAR = nothing ] && clean=1 || clean=0
		((i++ % 5 == 0)) && continue
		attach -d 1ms --rate "$rate" && same_text && is_released && healed=$((healed + 1)) clean=1 || fail "not healed"
	done
	((i > count)) || fail "it was done before it could be killed, too often"
	attach -d 1ms --rate "$rate" && is_released || fail "not healed at the end"
	served "attaches that are killed" || fail "see above"
	[ $count -lt 60 ] || [ ${far[something]} -gt 0 ] || fail "no attach was killed in the midst of getting in"
	echo "killed as attach $((i - 1)) times ($GETS_IN us until it gets in), healed $healed times; of those that were killed when" \
		"they got in, ${far[nothing]} had not begun, ${far[something]} were in the midst of it, ${far[all]} were in; $bad errors"
}

# killed_run late|anywhere|midst: one start under escprof run that is killed; late: long after the service has begun, while
# it is asked. Then an attach that clears it away. Sets FAR.
killed_run() {
	FAR=nothing
	begin_run -workers 1 -waiters 10
	if [ "$1" = late ]; then
		begins && begin_asking || return 1
		random 100000 2000000
		kill -9 "$PROFILER"
	else
		kill_profiler "$1" 300
	fi
	inherit || return 1
	readable || { echo "its trace cannot be read"; return 1; }
	if [ -z "$TARGET" ]; then # it was killed before there was anything
		wait "$HEIR"
		! grep -v "^$PROFILER " "$WORK/ends" || { echo "what it had started has ended"; return 1; }
		FAR=unborn
		return 0
	fi
	begins || return 1
	how_far
	last_rounds=0
	works_on && attach -d 1ms && is_released || return 1
	[ "$1" != late ] || end_asking >"$WORK/asked" || { cat "$WORK/asked"; return 1; }
	[ "$1" != late ] || sed 's/.* longest //' "$WORK/asked" >>"$WORK/longest"
	ends_well
}

killed_runs() {
	local i=0 count=$((kills * 2 / 5)) when
	local -A far=([unborn]=0 [nothing]=0 [something]=0 [all]=0)
	[ $count -gt 0 ] || return 0
	: >"$WORK/longest"
	begin_run -workers 1 -waiters 10
	time_in
	begins && ends_well "$PROFILER" || return 1
	for ((i = 1; i <= count; i++)); do
		case $((i % 4)) in
		0) when=late ;;
		1) when=midst ;;
		*) when=anywhere ;;
		esac
		killed_run $when || fail "see above"
		[ $when != late ] || [ $FAR = all ] || fail "killed long after it had begun, and it was not in"
		[ $when = late ] || far[$FAR]=$((far[$FAR] + 1))
	done
	[ $count -lt 30 ] || [ ${far[something]} -gt 0 ] || fail "no run was killed in the midst of getting in"
	echo "killed as run $count times, a quarter of them 0.1 to 2 s after the program had begun (longest answer" \
		"$(sort -n "$WORK/longest" | tail -n 1)); of the others ($GETS_IN us until it gets in) ${far[unborn]} when there was no program," \
		"${far[nothing]} before they got in, ${far[something]} in the midst of it, ${far[all]} when they were in; $bad errors"
}
