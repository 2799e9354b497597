# Sourced by scripts/matrix and scripts/clean-room: chroots of Debian's releases, made by debootstrap from the mirror that apt uses here.

# Why this machine can have no chroot; nothing when it can.
no_chroot() {
  if [ "$(id -u)" != 0 ]; then echo "a chroot needs root"
  elif ! command -v debootstrap >/dev/null; then echo "debootstrap is not installed"
  elif ! unshare --mount true 2>/dev/null; then echo "this machine lets no one mount"
  fi
}

mirror() {
  apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' 2>/dev/null |
    sed -n 's,^\(.*/debian/\) [a-z]*$,\1,p' | head -n 1
}

# need_chroot RELEASE FOLDER PACKAGES: a chroot with these packages, made when it is not there. What has come is moved into
# its place at the end.
need_chroot() {
  if [ ! -d "$2" ]; then
    rm -rf "$2.part"
    # shellcheck disable=SC2046  # without a mirror, debootstrap's own
    unshare --mount debootstrap --variant=minbase "$1" "$2.part" $(mirror) || return
    mv "$2.part" "$2"
  fi
  in_chroot "$2" "dpkg -s $3 >/dev/null 2>&1 || {
    export DEBIAN_FRONTEND=noninteractive
    apt-get update && apt-get install -y --no-install-recommends $3; }"
}

# in_chroot FOLDER LINE: runs a line there. Its mounts are seen by nobody else and end with it. Certificates and what apt and
# pip are told of the network are this machine's: what stands between it and the network stands between the chroot and the network.
in_chroot() {
  certificates="${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}"
  mkdir -p "$1/etc/ssl/certs"
  cp "$certificates" "$1/etc/ssl/certs/matrix.crt"
  apt-config dump 2>/dev/null | grep '^Acquire::\(Check-\|https*::\|Retries\)' >"$1/etc/apt/apt.conf.d/90matrix" || true
  for file in /etc/resolv.conf /etc/pip.conf; do
    [ ! -e "$file" ] || cp "$file" "$1$file"
  done
  unshare --mount sh -c '
    mount -t proc proc "$0/proc" && mount --rbind /dev "$0/dev" && exec chroot "$0" /usr/bin/env -i \
      PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 TERM="${TERM:-dumb}" \
      PIP_CERT=/etc/ssl/certs/matrix.crt ${http_proxy:+http_proxy="$http_proxy"} ${https_proxy:+https_proxy="$https_proxy"} \
      sh -euc "$1"' "$1" "$2"
}
