# Finds or fetches a Go for the modules under tools/; sourced, from the repository's root, by their set-ups.
# A Go on the PATH is used if it is new enough; else the pinned toolchain is fetched into .cache/.
# shellcheck shell=sh

# The toolchain as a Go module (golang.org/toolchain), and its sum as go.sum would have it.
toolchain_version=1.26.8
toolchain_sum() {
    case $1 in
    amd64) echo h1:ZOmGe1OnfREDMIdb1Qi4G9JSuDPBLGExZMQ4nis1RXM= ;;
    esac
}
# Debian's own Go: too old for the modules, good enough to fetch a newer one.
debian_go=/usr/lib/go-1.19/bin/go

cache=$PWD/.cache/go

die() {
    echo "setup: $*" >&2
    exit 1
}

# needed_version MODULE_FOLDER
needed_version() {
    sed -n 's/^go //p' "$1/go.mod"
}

# at_least HAVE WANT, as dotted numbers.
at_least() {
    [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$2" ]
}

# Prints the path of a Go that can build the module, if the PATH has one.
go_on_path() {
    found=$(command -v go 2>/dev/null) || return 1
    # GOTOOLCHAIN=local: what is there, not what it would fetch.
    version=$(GOTOOLCHAIN=local "$found" env GOVERSION 2>/dev/null | sed -n 's/^go\([0-9][0-9.]*\).*/\1/p')
    [ -n "$version" ] && at_least "$version" "$(needed_version "$1")" && echo "$found"
}

machine() {
    case $(uname -m) in
    x86_64) echo amd64 ;;
    aarch64) echo arm64 ;;
    *) uname -m ;;
    esac
}

# Any Go: it fetches the pinned one as a module, from wherever it gets modules, checked by the checksum database.
bootstrap_go() {
    for candidate in go "$debian_go"; do
        if command -v "$candidate" 2>/dev/null; then return 0; fi
    done
    tools/setup --install golang-1.19-go >&2
    echo "$debian_go"
}

# Prints the path of the pinned toolchain's go, fetching it first if need be.
pinned_go() {
    arch=$(machine)
    sum=$(toolchain_sum "$arch")
    [ -n "$sum" ] || die "Go $(needed_version "$1") or later is needed, and no toolchain is pinned here for $arch; put one on the PATH and run this again"
    name=golang.org/toolchain@v0.0.1-go$toolchain_version.linux-$arch
    root=$cache/go$toolchain_version
    if [ ! -x "$root/bin/go" ]; then
        bootstrap=$(bootstrap_go)
        echo "setup: fetching Go $toolchain_version" >&2
        # A module cache of its own, so that nothing but what is fetched now is believed.
        rm -rf "$root" "$cache/toolchain"
        mkdir -p "$cache"
        answer=$(cd / && env GOFLAGS=-modcacherw GOWORK=off GOMODCACHE="$cache/toolchain" "$bootstrap" mod download -json "$name") ||
            die "the Go toolchain cannot be fetched: $answer; install Go $(needed_version "$1") or later, or set GOPROXY to a proxy that can be reached"
        [ "$(echo "$answer" | sed -n 's/.*"Sum": "\(.*\)".*/\1/p')" = "$sum" ] ||
            die "the Go toolchain that was fetched is not the pinned one (its sum differs); nothing of it was used"
        # Module zips carry no file modes.
        chmod +x "$cache/toolchain/$name"/bin/* "$cache/toolchain/$name"/pkg/tool/*/*
        mv "$cache/toolchain/$name" "$root"
        rm -rf "$cache/toolchain"
    fi
    echo "$root/bin/go"
}

# use_go MODULE_FOLDER: sets go, and its environment: nothing of the user's Go settings but its proxy.
use_go() {
    go=$(go_on_path "$1" || pinned_go "$1")
    [ -n "$go" ] || exit 1
    mkdir -p "$cache"
    export GOTOOLCHAIN=local GOWORK=off GOFLAGS=-modcacherw CGO_ENABLED=0 GOMODCACHE="$cache/mod" GOCACHE="$cache/build"
}
