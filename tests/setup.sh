#!/usr/bin/env bash
# Installs what escprof's build, demo and tests need: `make deps`, quick when nothing is missing. On Debian as root it
# calls apt-get; elsewhere it says what is missing and ends with status 1. With --lint it looks for the linters too, with
# --consumers for the programs that read what escprof writes, with --browser for what make browser drives the HTML report
# with, with --bench for other profilers of C, with --c for the programs that the tests of C allocations profile and compare with.
# With --build it installs nothing, and says what the build alone lacks.
set -euo pipefail
cd "$(dirname "$0")/.."

# A Debian package and how it shows: a command, or a header that gcc finds.
build_commands=(
	gcc:gcc
	ld:binutils
	pkg-config:pkg-config
	protoc-c:protobuf-c-compiler
)
commands=(
	g++:g++
	musl-gcc:musl-tools
	pgrep:procps
	tmux:tmux
	dwz:dwz
	gdb:gdb
)
root_commands=( # of tests that only root can do
	setcap:libcap2-bin
)
build_headers=(
	stdlib.h:libc6-dev
	libelf.h:libelf-dev
	libdwarf/libdwarf.h:libdwarf-dev
	Zydis/Zydis.h:libzydis-dev
	libunwind.h:libunwind-dev
	zstd.h:libzstd-dev
	zlib.h:zlib1g-dev
	protobuf-c/protobuf-c.h:libprotobuf-c-dev
	jansson.h:libjansson-dev
	ncursesw/curses.h:libncurses-dev
	jsmn.h:libjsmn-dev
	uthash.h:uthash-dev
)
headers=(
	cmocka.h:libcmocka-dev
)
browsers=(
	chromium:chromium
	node:nodejs
	npm:npm
)
c_tests=(
	git:git
	python3:python3
	redis-benchmark:redis-tools
	sqlite3:sqlite3
)
# Files in the libraries' folders.
c_libraries=(
	libjemalloc.so.2:libjemalloc2
	libjemalloc.a:libjemalloc-dev
	libtcmalloc_minimal.a:libgoogle-perftools-dev
)
linters=(
	clang:clang
	clang-format:clang-format
	clang-tidy:clang-tidy
	cppcheck:cppcheck
	python3:python3
	valgrind:valgrind
)
consumers=(
	awk:mawk
	cargo:cargo
	chromium:chromium
	curl:curl
	dpkg-deb:dpkg
	dpkg-shlibdeps:dpkg-dev
	fish:fish
	lintian:lintian
	man:man-db
	mandoc:mandoc
	node:nodejs
	npm:npm
	xmllint:libxml2-utils
	zsh:zsh
)

rivals=(
	heaptrack:heaptrack
)
rival_libraries=(
	libjemalloc.so.2:libjemalloc2
	libtcmalloc.so.4:libgoogle-perftools4
)

missing_commands() {
	local pair
	for pair in "$@"; do
		command -v "${pair%%:*}" >/dev/null || echo "${pair#*:}"
	done
}

# One run of the preprocessor asks for all headers; without a gcc none can be asked for, so all count as missing.
missing_headers() {
	local pair
	if ! command -v gcc >/dev/null; then
		printf '%s\n' "${@#*:}"
		return
	fi
	for pair in "$@"; do
		printf '#if !__has_include(<%s>)\nescprof-needs %s\n#endif\n' "${pair%%:*}" "${pair#*:}"
	done | gcc -E -P - | sed -n 's/^escprof-needs //p'
}

missing_libraries() {
	local pair
	for pair in "$@"; do
		compgen -G "/usr/lib*/${pair%%:*}" >/dev/null || compgen -G "/usr/lib/*/${pair%%:*}" >/dev/null ||
			echo "${pair#*:}"
	done
}

# Any Go will do here: one that is too old fetches a newer one (find-go.sh).
missing_go() {
	[ -s build/go.path ] || command -v go >/dev/null || [ -x /usr/local/go/bin/go ] || {
		echo golang-go
		# To verify what it fetches.
		[ -e /etc/ssl/certs/ca-certificates.crt ] || echo ca-certificates
	}
}

# clang only recommends the libraries that -fsanitize= links.
missing_sanitizers() {
	command -v clang >/dev/null && compgen -G "$(clang -print-resource-dir)/lib/linux/libclang_rt.fuzzer-*.a" >/dev/null ||
		echo libclang-rt-dev
}

missing=$(missing_commands "${build_commands[@]}"; missing_headers "${build_headers[@]}")
if [ "${1-}" = --build ]; then
	read -r -d '' -a packages <<<"$missing" || true
	[ ${#packages[@]} -gt 0 ] || exit 0
	echo "setup: the build needs, by their Debian names: ${packages[*]}" >&2
	echo "setup: install them: make deps (as root), or sudo apt-get install ${packages[*]}" >&2
	exit 1
fi
missing+=" $(missing_commands "${commands[@]}"; missing_headers "${headers[@]}"; missing_go)"
[ "$(id -u)" != 0 ] || missing+=" $(missing_commands "${root_commands[@]}")"
if [ "${1-}" = --lint ]; then
	missing+=" $(missing_commands "${linters[@]}") $(missing_sanitizers)"
fi
if [ "${1-}" = --consumers ]; then
	missing+=" $(missing_commands "${consumers[@]}")"
fi
if [ "${1-}" = --bench ]; then
	missing+=" $(missing_commands "${rivals[@]}") $(missing_libraries "${rival_libraries[@]}")"
fi
if [ "${1-}" = --c ]; then
	missing+=" $(missing_commands "${c_tests[@]}") $(missing_libraries "${c_libraries[@]}")"
fi
if [ "${1-}" = --browser ]; then
	missing+=" $(missing_commands "${browsers[@]}")"
fi
read -r -d '' -a packages <<<"$missing" || true

if [ ${#packages[@]} -gt 0 ]; then
	if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
		echo "setup: missing, by their Debian names: ${packages[*]}" >&2
		echo "setup: install them: sudo apt-get install ${packages[*]}" >&2
		exit 1
	fi
	echo "setup: installing ${packages[*]}"
	export DEBIAN_FRONTEND=noninteractive
	# An index that is there may do, and one that is too old or absent is fetched.
	apt-get install -y -q --no-install-recommends "${packages[@]}" >/dev/null 2>&1 || {
		apt-get update -q
		apt-get install -y -q --no-install-recommends "${packages[@]}"
	}
fi
bash tests/find-go.sh >/dev/null
