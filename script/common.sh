# Shared by the scripts beside it, which source it first. POSIX sh; leaves us in the project's root.
# shellcheck shell=sh
cd "$(dirname "$0")/.."
root=$PWD
bin=$root/.venv/bin
mkdir -p .cache
# Compiling every module at every start would cost seconds; some images ask for that.
unset PYTHONDONTWRITEBYTECODE

# The one line that a person needs to read.
say() { printf '%s\n' "$*" >&2; }
fail() { say "${0##*/}: $*"; exit 1; }

# Runs a command without its chatter, which is shown only when it fails: quietly WHAT COMMAND...
quietly() {
    what=$1
    shift
    log=$root/.cache/${0##*/}-$$.log
    say "$what ..."
    if "$@" >"$log" 2>&1; then
        rm -f "$log"
        return 0
    fi
    tail -n 60 "$log" >&2
    rm -f "$log"
    say "${0##*/}: failed: $what"
    return 1
}

# Runs a command as root: directly, or by a sudo that asks for no password. False where neither works.
as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; elif sudo -n true 2>/dev/null; then sudo -n "$@"; else return 1; fi
}

may_install() { command -v apt-get >/dev/null && as_root true 2>/dev/null; }

# Of the named Debian packages those that are not installed.
not_installed() {
    for package; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q ' installed$' || printf '%s ' "$package"
    done
}

# Installs Debian packages without their recommendations, and keeps their services from starting. One run at a time.
install_packages() (
    if command -v flock >/dev/null; then
        exec 8>"$root/.cache/apt.lock"
        flock 8
    fi
    guard=/usr/sbin/policy-rc.d
    if [ ! -e "$guard" ]; then
        as_root sh -c "printf '#!/bin/sh\nexit 101\n' >$guard && chmod 755 $guard"
        trap 'as_root rm -f "$guard"' EXIT
    fi
    apt_get update && apt_get install --no-install-recommends "$@"
)

apt_get() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o DPkg::Lock::Timeout=600 -o Acquire::Retries=3 "$@"
}

# Where test servers of other Debian suites are kept, outside the checkout so that a new clone finds them again.
test_cache() {
    shared=/var/cache/auralarchive-tests
    if [ -n "${AURALARCHIVE_TEST_CACHE:-}" ]; then
        echo "$AURALARCHIVE_TEST_CACHE"
    elif mkdir -p "$shared" 2>/dev/null && [ -w "$shared" ]; then
        echo "$shared"
    else
        echo "${XDG_CACHE_HOME:-$HOME/.cache}/auralarchive-tests"
    fi
}
