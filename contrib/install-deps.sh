#!/bin/sh
# Installs the Debian 12 packages that tollbook needs and lacks. Usage: install-deps.sh build|check|dev|bench
#   build: to compile and run      check: also for `make check`
#   dev:   also for fmt, lint, fuzz, valgrind      bench: also for the peer of `make bench`
# Says nothing and asks for nothing when all is there.
set -eu

build="gcc make libc6-dev libisal-dev libarchive-dev liblzma-dev libbz2-dev libzstd-dev libsqlite3-dev libxlsxwriter-dev libcjson-dev zlib1g-dev libxxhash-dev
libcsv-dev libsmartcols-dev libsodium-dev tzdata"
check="libcmocka-dev python3 libreoffice-calc-nogui poppler-utils libxml2-utils fonts-dejavu-core sqlite3 unzip gzip xz-utils
bzip2 zstd lz4 zip"
dev="clang clang-format libclang-rt-dev llvm valgrind cppcheck gcovr"
bench="nodejs npm time"

case "${1:-}" in
build) want="$build" ;;
check) want="$build $check" ;;
dev) want="$build $check $dev" ;;
bench) want="$build $check $bench" ;;
*)
    echo "usage: install-deps.sh build|check|dev|bench" >&2
    exit 2
    ;;
esac

if ! command -v dpkg-query > /dev/null 2>&1; then
    echo "install-deps: this is not Debian; install by hand what contrib/install-deps.sh lists for \"$1\"" >&2
    exit 0
fi

missing=""
for p in $want; do
    # a program that is there in another way (a newer node, say) serves as well
    case "$p" in
    nodejs) command -v node > /dev/null 2>&1 && continue ;;
    npm | gcc | make | python3 | clang | clang-format | cppcheck | valgrind | gcovr) command -v "$p" > /dev/null 2>&1 && continue ;;
    esac
    dpkg-query -W -f '${db:Status-Status}\n' "$p" 2> /dev/null | grep -qx installed || missing="$missing $p"
done
[ -z "$missing" ] && exit 0

if [ "$(id -u)" -ne 0 ]; then
    echo "install-deps: these Debian packages are missing:$missing" >&2
    echo "install-deps: install them as root:  apt-get install --no-install-recommends$missing" >&2
    exit 1
fi

echo "install-deps: installing$missing"
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086
if ! apt-get install -y -q --no-install-recommends $missing > /tmp/tollbook-apt.$$ 2>&1; then
    apt-get update -q > /tmp/tollbook-apt.$$ 2>&1 || true # the package lists are absent or old
    if ! apt-get install -y -q --no-install-recommends $missing > /tmp/tollbook-apt.$$ 2>&1; then
        tail -20 /tmp/tollbook-apt.$$ >&2
        rm -f /tmp/tollbook-apt.$$
        echo "install-deps: apt-get could not install$missing" >&2
        exit 1
    fi
fi
rm -f /tmp/tollbook-apt.$$
