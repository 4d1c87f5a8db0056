#!/usr/bin/env bash
# Programs that were built with a sanitizer, whose malloc has to be the first: they run as without escprof, what they
# find is what they find, and it is said that their C is not profiled. Of Go among them Go is.
source "$(dirname "$0")/common.bash"

source_dir=tests/cli/programs/c
TRACE=$WORK/t.escprof
gcc -O1 -g -fsanitize=address -o "$WORK/shared" "$source_dir/sanitized.c" && gcc -O1 -g -o "$WORK/plain" "$source_dir/sanitized.c" ||
	{ echo "not ok build: gcc -fsanitize=address"; exit 1; }

# as_without PATTERN COMMAND…: the command does what it does alone, and PATTERN is said.
as_without() {
	local pattern=$1 plain status
	shift
	"$@" >"$WORK/plain_out" 2>"$WORK/plain_err"
	plain=$?
	"${unprivileged[@]}" "$ESCPROF" run --no-report --rate 1 --c-rate 1 -o "$TRACE" -- "$@" >"$WORK/out" 2>"$WORK/err"
	status=$?
	[ $status = $plain ] && cmp "$WORK/out" "$WORK/plain_out" && [ "$(found "$WORK/err")" = "$(found "$WORK/plain_err")" ] && grep -q "$pattern" "$WORK/err" ||
		{ echo "status $status, without $plain"; cat "$WORK/out" "$WORK/err"; echo without:; cat "$WORK/plain_out" "$WORK/plain_err"; return 1; }
}
unprivileged=()
found() { grep -v '^escprof:' "$1" | grep -E '^SUMMARY|ERROR: |Sanitizer|initial library' | sed -E 's/==[0-9]+==|tid=[0-9]+//g'; }
why='cannot profile .*: it has the runtime of a sanitizer'

built_with() {
	gcc -O1 -g "$@" -o "$WORK/program" "$source_dir/sanitized.c" && as_without "$why" "$WORK/program"
}
for options in -fsanitize=address '-fsanitize=address -static-libasan' -fsanitize=leak '-fsanitize=leak -static-liblsan' \
	-fsanitize=thread '-fsanitize=thread -static-libtsan'; do
	check "C: a program that is built with $options runs as without" built_with $options
done

# What it finds is said: of a program that loses a block and is not watched by another one.
finds() { { "$WORK/shared" || true; } 2>&1 | has 'SUMMARY: AddressSanitizer: 77 byte'; }
if finds; then
	echo "ok C: AddressSanitizer finds here what a program has lost"
else
	echo "skip C: AddressSanitizer finds nothing lost here, with escprof or without"
fi

later() { as_without 'nothing was profiled' sh -c "$1" "$WORK/shared"; }
check "C: one that a shell starts" later '"$0"; exit $?'
check "C: one that a shell becomes" later 'exec "$0"'

# Where another one is preloaded by the user, ours keeps behind.
preloaded() {
	local runtime
	runtime=$(gcc -print-file-name=libasan.so) && runtime=$(readlink -f "$runtime") && [ -e "$runtime" ] || return 1
	as_without "$why" env LD_PRELOAD="$runtime" "$WORK/plain"
}
check "C: a program into which a sanitizer's runtime is preloaded" preloaded

# Ours goes out of any environment, wherever it stands there.
check "C: one whose environment is nothing but ours" later 'env -i ESCPROF_SOCKET="$ESCPROF_SOCKET" LD_PRELOAD="$LD_PRELOAD" "$0"; exit $?'
check "C: one whose environment is nothing but ours, the other way round" \
	later 'env -i LD_PRELOAD="$LD_PRELOAD" ESCPROF_SOCKET="$ESCPROF_SOCKET" "$0"; exit $?'
gcc -shared -o "$WORK/empty.so" -xc - </dev/null || { echo "not ok build: gcc -shared"; exit 1; }
beside_ours() {
	local list
	RUNTIME=$(readlink -f "$(gcc -print-file-name=libasan.so)")
	export RUNTIME
	for list in '$LD_PRELOAD $RUNTIME' '$RUNTIME $LD_PRELOAD' '$RUNTIME:$LD_PRELOAD' '$RUNTIME:$LD_PRELOAD $RUNTIME'; do
		as_without 'nothing was profiled' sh -c "LD_PRELOAD=\"$list\" \"\$0\"; exit \$?" "$WORK/plain" || { echo "$list"; return 1; }
	done
}
check "C: one where its runtime is preloaded before ours or behind it" beside_ours
far_away() {
	local ESCPROF=$ESCPROF length folder
	for length in 120 150 1000; do
		folder=$WORK
		while [ ${#folder} -lt "$length" ]; do folder=$folder/a-part-of-a-path; done
		mkdir -p "$folder" && cp "$ESCPROF" "$BUILD/libescprof.so" "$folder" && ESCPROF=$folder/escprof || return 1
		later 'env -i LD_PRELOAD="$LD_PRELOAD" "$0"; exit $?' || return 1
	done
}
check "C: one where the library lies at the end of a long path" far_away

# What is profiled has its own LD_PRELOAD for its children.
restored() {
	local before
	for before in "$WORK/empty.so \$LD_PRELOAD" "\$LD_PRELOAD $WORK/empty.so" "\$LD_PRELOAD:$WORK/empty.so"; do
		"$ESCPROF" run --no-report --c-rate 1 -o "$TRACE" -- sh -c "LD_PRELOAD=\"$before\" exec awk \"\$0\"" \
			'BEGIN { system("echo = $LD_PRELOAD =") }' \
			>"$WORK/out" 2>"$WORK/err"
		[ "$(cat "$WORK/out")" = "= $WORK/empty.so =" ] && "$ESCPROF" info "$TRACE" | has c_rate || { echo "$before"; cat "$WORK/out" "$WORK/err"; return 1; }
	done
}
check "C: what is profiled leaves its children what is preloaded beside ours" restored

# Where the program may not be traced, nobody takes our library out of its environment at its exec.
untraced() {
	local unprivileged=(setpriv --reuid=65534 --regid=65534 --clear-groups env "ESCPROF_CACHE=$WORK/user/cache")
	mkdir -p "$WORK/user" && cp "$WORK/shared" "$WORK/plain" "$WORK/user" && chown -R 65534:65534 "$WORK/user" && chmod 755 "$WORK" &&
		chmod 2755 "$WORK/user/shared" "$WORK/user/plain" && TRACE=$WORK/user/t.escprof || return 1
	as_without 'set-group-ID' "$WORK/user/shared" || return 1
	"${unprivileged[@]}" "$ESCPROF" run --no-report --c-rate 1 -o "$TRACE" -- "$WORK/user/plain" >"$WORK/out" 2>"$WORK/err"
	[ "$(cat "$WORK/out")" = 'well, alone' ] && "$ESCPROF" info "$TRACE" | has c_rate || { cat "$WORK/out" "$WORK/err"; return 1; }
}
if [ "$(id -u)" = 0 ] && type -P setpriv >/dev/null; then
	check "C: one that may not be traced, and beside it one without a sanitizer" untraced
else
	echo "skip C: one that may not be traced (only root may make one here)"
fi

# go build -asan: the Go part is profiled all the same.
go_asan() {
	as_without 'cannot sample the C allocations of .*: it has the runtime of a sanitizer' "$WORK/cgo" && "$ESCPROF" info "$TRACE" | has 'way *inject' ||
		{ "$ESCPROF" info "$TRACE"; return 1; }
}
if CGO_ENABLED=1 go_program cgo -asan 2>"$WORK/err"; then
	check "cgo that is built with -asan: its Go is profiled" go_asan
else
	echo "skip cgo that is built with -asan: $(head -n 1 "$WORK/err")"
fi

# go build -race: of ThreadSanitizer it has no malloc, so that its C is sampled as any other.
go_race() {
	"$ESCPROF" run --no-report --c-rate 1 -o "$TRACE" -- "$WORK/cgo" >"$WORK/out" 2>"$WORK/err" || { cat "$WORK/err"; return 1; }
	"$ESCPROF" info "$TRACE" | has 'way *preload' && "$ESCPROF" report --format json "$TRACE" >"$WORK/json" &&
		"$WORK/reader" c "$WORK/json" c_leaf objects 3300 kept 0 ||
		{ "$ESCPROF" info "$TRACE"; cat "$WORK/err"; return 1; }
}
if go_program reader && CGO_ENABLED=1 go_program cgo -race 2>"$WORK/err"; then
	check "cgo that is built with -race: its C is sampled" go_race
else
	echo "skip cgo that is built with -race: $(head -n 1 "$WORK/err")"
fi

# Once the Go program is found nothing else is wanted; what is started then has to start all the same.
after_go() {
	export GO_PROGRAM=$1 PROGRAM=$WORK/shared
	as_without 'samples in' sh -c '"$GO_PROGRAM"; "$PROGRAM"; exit $?' && as_without 'samples in' sh -c '"$GO_PROGRAM"; exec "$PROGRAM"' &&
		as_without 'samples in' sh -c '(echo; sh -c "\"\$GO_PROGRAM\"; true"); (sh -c "\"\$PROGRAM\"; exit \$?")' &&
		as_without 'samples in' sh -c '"$GO_PROGRAM" & wait; env "$PROGRAM"; printf "%s\n" "$PROGRAM" "$PROGRAM" | xargs -n 1 sh -c "\"\$0\"; exit 0"'
}
if CGO_ENABLED=1 go_program cgo 2>"$WORK/err"; then
	check "C: one that is started after a Go program that loads our library" after_go "$WORK/cgo"
else
	echo "skip C: one that is started after a Go program that loads our library: $(head -n 1 "$WORK/err")"
fi
if go_program source; then
	check "C: one that is started after a Go program that is entered by ptrace" after_go "$WORK/source"
fi

# A C program that is profiled is not traced any more: its children have nothing of ours.
let_go() {
	"$ESCPROF" run --no-report --c-rate 1 -o "$TRACE" -- awk 'BEGIN {
		for (i = 0; i < 600 && system("grep -q ^TracerPid:.0$ /proc/$PPID/status"); i++)
			system("sleep 0.05")
		print i < 600 }' >"$WORK/out" 2>"$WORK/err"
	[ "$(cat "$WORK/out")" = 1 ] && "$ESCPROF" info "$TRACE" | has c_rate || { cat "$WORK/out" "$WORK/err"; return 1; }
}
check "C: a program that is profiled is traced no longer than to its start" let_go
