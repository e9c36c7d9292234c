# Functions that install what the tests need. script/test and script/test-apps source this file.

cannot() {
    echo "error: $*" >&2
    exit 1
}

# has COMMAND: whether this command or file exists.
has() {
    case $1 in
        /*) [ -e "$1" ] ;;
        *) command -v "$1" >/dev/null ;;
    esac
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif has sudo && sudo -n true 2>/dev/null; then
        sudo -n "$@"
    else
        cannot "installing Debian packages needs root or sudo without a password;" \
            "install these by hand: ${packages[*]}"
    fi
}

# install_packages COMMAND=PACKAGE…: installs the Debian packages whose command or file is missing.
# Also installs Python with its module for virtual environments.
install_packages() {
    local pair
    packages=()
    # A virtual environment needs both modules; Debian has a separate package for the second.
    has python3 && python3 -c 'import venv, ensurepip' 2>/dev/null ||
        packages+=(python3 python3-venv)
    for pair in "$@"; do
        has "${pair%%=*}" || packages+=("${pair#*=}")
    done
    [ ${#packages[@]} -gt 0 ] || return 0
    echo "missing: ${packages[*]}"
    has apt-get || cannot "apt-get is missing; install these by hand: ${packages[*]}"
    as_root apt-get -q update
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get -q install -y --no-install-recommends "${packages[@]}"
}

# install_python ENVIRONMENT REQUIREMENTS: creates a virtual environment, or recreates it if its
# requirements changed.
install_python() {
    local interpreter=$1/bin/python wanted=$2 installed=$1/requirements.txt
    if cmp -s "$wanted" "$installed" && "$interpreter" -c '' 2>/dev/null; then
        return
    fi
    rm -rf "$1"
    python3 -m venv "$1"
    # --no-compile: the tests import only a small part of the packages.
    "$interpreter" -m pip install --quiet --no-compile --disable-pip-version-check \
        --requirement "$wanted"
    cp "$wanted" "$installed"
}

# install_node DIRECTORY: installs the packages of its package-lock.json.
install_node() {
    local wanted=$1/package-lock.json installed=$1/node_modules/.installed-lock.json
    cmp -s "$wanted" "$installed" && return
    # Chromium comes from Debian.
    PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm --prefix "$1" ci --no-audit --no-fund
    cp "$wanted" "$installed"
}
