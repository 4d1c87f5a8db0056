#!/usr/bin/env bash
# escprof and containers, under the seccomp profile and with the capabilities that Docker and podman give: attached to from
# the host and from another container, and started inside as process 1. Images are made here, of a program and nothing else.
source "$(dirname "$0")/common.bash"
source tests/cli/attach.bash

for tool in podman crun; do
	command -v $tool >/dev/null || { echo "skip containers: there is no $tool here"; exit; }
done
[ "$(id -u)" = 0 ] || { echo "skip containers: this test must be root for them"; exit; }

# crun wants cgroups of version 2 alone: where it is not so, that is how this test sees it, in mounts of its own.
if [ -z "${OWN_MOUNTS-}" ]; then
	rm -rf "$WORK"
	OWN_MOUNTS=1 exec unshare -m bash "$0"
fi
[ "$(stat -f -c %T /sys/fs/cgroup)" = cgroup2fs ] || mount -t cgroup2 none /sys/fs/cgroup ||
	{ echo "skip containers: cgroups of version 2 cannot be mounted here"; exit; }

# A runtime that leaves limits alone, which podman would raise (not everybody may), and that joins the PID namespace which
# $WORK/join names: podman itself does that with cgroups only.
mkdir "$WORK/bin"
cat >"$WORK/bin/crun" <<EOF
#!/usr/bin/env bash
for ((i = 1; i < \$#; i++)); do
	next=\$((i + 1))
	[ "\${!i}" != --bundle ] || sed -i -E 's/"rlimits":\[[^]]*\]/"rlimits":[]/' "\${!next}/config.json"
	[ "\${!i}" != --bundle ] || [ ! -s "$WORK/join" ] ||
		sed -i -E "s,\\{\"type\":\"pid\"\\},{\"type\":\"pid\"\,\"path\":\"\$(cat "$WORK/join")\"}," "\${!next}/config.json"
done
exec $(command -v crun) "\$@"
EOF
chmod +x "$WORK/bin/crun"
pod() {
	timeout 60 podman --cgroup-manager=cgroupfs --storage-driver=vfs --root "$WORK/store" --runroot "$WORK/state" \
		--tmpdir "$WORK/podman" --runtime "$WORK/bin/crun" "$@"
}
remove_all() {
	pod rm -f -t 0 -a >/dev/null 2>&1
	awk -v "work=$WORK/" 'index($2, work) == 1 { print $2 }' /proc/mounts | xargs -r umount -l
	clean_up
}
trap remove_all EXIT

go_program attached || { echo "not ok build"; exit 1; }
mkdir -p "$WORK/image"/{proc,dev,sys,tmp,traces,usr/lib} "$WORK/traces"
cp "$WORK/attached" "$WORK/image/attached"
ln -s usr/lib "$WORK/image/lib" && ln -s usr/lib64 "$WORK/image/lib64"
tar -C "$WORK/image" -c . | pod import - escprof-test >"$WORK/imported" 2>&1 || { cat "$WORK/imported"; echo "not ok import"; exit 1; }
# What escprof needs of this machine, which the image has not: the C library and others.
inside=(-v "$BUILD:/escprof:ro" -v /usr/lib:/usr/lib:ro -v /usr/lib64:/usr/lib64:ro -v "$WORK/traces:/traces")
if ! pod run --cgroups=disabled --rm --network=host "${inside[@]}" escprof-test /escprof/escprof --version >"$WORK/said" 2>&1; then
	echo "skip containers: podman cannot run one here: $(tail -n 1 "$WORK/said")"
	exit
fi

# Of podman's options: another profile than its own.
profile=()

# begin NAME [podman's options…] -- COMMAND…: in the background; sets TARGET, as seen from here, and ADDRESS.
begin() {
	local name=$1 options=() tries
	shift
	while [ "$1" != -- ]; do options+=("$1"); shift; done
	shift
	pod run --cgroups=disabled -d --name "$name" --network=host "${profile[@]}" "${options[@]}" escprof-test "$@" >"$WORK/said" 2>&1 || { cat "$WORK/said"; return 1; }
	for ((tries = 0; tries < 100; tries++)); do
		ADDRESS=$(pod logs "$name" 2>/dev/null | sed -n 's,^http://,,p')
		[ -z "$ADDRESS" ] || break
		sleep 0.1
	done
	TARGET=$(pod inspect -f '{{.State.Pid}}' "$name")
	[ -n "$ADDRESS" ] || { echo "no address"; pod logs "$name"; return 1; }
}

# end NAME: by SIGTERM, with status 0 and all that it worked out right.
end() {
	pod stop -t 20 "$1" >/dev/null && [ "$(pod inspect -f '{{.State.ExitCode}}' "$1")" = 0 ] && pod logs "$1" 2>/dev/null | has '^fine' ||
		{ pod inspect -f "status {{.State.ExitCode}}" "$1"; pod logs "$1"; return 1; }
}

# attach_soon: where the machine is busy a thread may not stop in the time that it is given.
attach_soon() {
	local tries
	for tries in 1 2 3; do
		attach -d 300ms --rate 1 --force 2>"$WORK/err" && return
		grep -q 'did not stop' "$WORK/err" || break
	done
	cat "$WORK/err"
	return 1
}

from_host() {
	begin host -- /attached || return 1
	grep -q '^Seccomp:[[:space:]]*2' "/proc/$TARGET/status" || { echo "it has no seccomp filter"; return 1; }
	! attach -d 100ms 2>"$WORK/err" && grep -q 'runs under seccomp.* --force' "$WORK/err" || { cat "$WORK/err"; return 1; }
	attach_soon && answers && is_released && is_whole || return 1
	"$ESCPROF" report "$TRACE" | has main.work && end host
}

# beside [podman's options…]: escprof in a container of its own, in the PID namespace of the one where the service is.
beside() {
	pod run --cgroups=disabled --rm "${profile[@]}" "$@" "${inside[@]}" escprof-test /escprof/escprof attach -p 1 -d 300ms --force --no-report --rate 1 \
		-o /traces/beside >"$WORK/err" 2>&1
}
from_beside() {
	local status
	begin target --user 65534 -- /attached || return 1
	echo "/proc/$TARGET/ns/pid" >"$WORK/join"
	beside
	status=$?
	[ $status = 1 ] && grep -q 'in a container, allow CAP_SYS_PTRACE' "$WORK/err" || { cat "$WORK/err"; return 1; }
	beside --cap-add SYS_PTRACE
	status=$?
	rm "$WORK/join"
	TRACE=$WORK/traces/beside
	[ $status = 0 ] && answers && is_whole && is_released || { cat "$WORK/err"; return 1; }
	"$ESCPROF" report "$TRACE" | has main.work && end target
}

its_own_user() {
	local status
	begin same -- /attached || return 1
	echo "/proc/$TARGET/ns/pid" >"$WORK/join"
	beside
	status=$?
	rm "$WORK/join"
	[ $status = 0 ] && answers && is_released || { cat "$WORK/err"; return 1; }
	end same
}

# started NAME OPTION…: escprof is the image's entry point, with no capability but the default ones.
started() {
	local name=$1
	shift
	begin "$name" "${inside[@]}" -- /escprof/escprof run "$@" --no-report --rate 1 -o "/traces/$name" -- /attached && answers && sleep 1 && end "$name" || return 1 # written twice a second
	TRACE=$WORK/traces/$name
	"$ESCPROF" report --binary "$WORK/attached" "$TRACE" | has main.work
}
process_1() { started one && is_whole; }
detached() { started two -D; }

# under WHOSE: all of it, under the seccomp profile of whom `profile` names.
under() {
	check "under $1 seccomp profile: attached to from the host" from_host
	check "under $1 seccomp profile: attached to from another container in its PID namespace: another user's, with CAP_SYS_PTRACE" \
		from_beside
	check "under $1 seccomp profile: the same of one's own user, with no more than the default capabilities" its_own_user
	check "under $1 seccomp profile: run as process 1" process_1
	check "under $1 seccomp profile: run -D: the service is process 1" detached
	pod rm -f -t 0 -a >/dev/null 2>&1
	rm -f "$WORK"/traces/*
}
under "podman's"
if dockers=$(GOFLAGS='' go mod download -json github.com/moby/profiles/seccomp@v0.3.0 2>"$WORK/err" | sed -n 's/.*"Dir": "\(.*\)".*/\1/p') &&
	[ -s "$dockers/default.json" ]; then
	profile=(--security-opt "seccomp=$dockers/default.json")
	under "Docker's"
else
	echo "skip Docker's seccomp profile: it cannot be had here: $(tail -n 1 "$WORK/err")"
fi
