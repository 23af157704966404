#!/bin/bash
# PID 1 of an appliance. Run as root in new mount, PID, UTS, IPC and network namespaces: appliance.sh NAME FOLDER
# `appliance.sh --skeleton FOLDER` makes, once for all appliances, what their roots have in common.
#
# The root is composed: /usr of the host read-only, /etc and /usr/local/sbin out of FOLDER (they outlive a restart),
# all else in memory. FOLDER/etc was prepared by lab.real.appliance. Whatever is done here is done hundreds of times.
set -eu

skeleton() {
  mkdir -p "$1"
  cd "$1"
  mkdir usr etc var run tmp root home proc sys dev old opt dev/pts dev/shm dev/net
  mkdir -p var/log/lisiere var/spool/squid var/spool/rsyslog var/lib/misc var/lib/chrony var/lib/lisiere/lists var/cache var/tmp
  chmod 1777 tmp var/tmp
  chmod 700 root
  chmod 750 var/log/lisiere
  ln -s usr/bin usr/sbin usr/lib usr/lib64 .
  ln -s ../run var/run
  chown proxy:proxy var/spool/squid
  chown _chrony:_chrony var/lib/chrony
  touch opt/sshd
  cp "${0%/*}/sshd.sh" opt/sshd.sh
  chmod 755 opt/sshd.sh
  ln -s pts/ptmx dev/ptmx
  ln -s /proc/self/fd dev/fd
  for number in 0:stdin 1:stdout 2:stderr; do ln -s "/proc/self/fd/${number%:*}" "dev/${number#*:}"; done
  if ! mknod -m 600 dev/net/tun c 10 200 2>/dev/null; then
    without_root
    return
  fi
  while read -r node minor; do mknod -m 666 "dev/$node" c "${minor%:*}" "${minor#*:}"; done <<'NODES'
null 1:3
zero 1:5
full 1:7
random 1:8
urandom 1:9
tty 5:0
NODES
}

# Root of a user namespace makes no device nodes, and no file of the host's root gives it rights: it has the host's
# nodes, and a sudo of its own.
without_root() {
  mkdir ../skeleton.own
  mv dev ../skeleton.own/dev
  mkdir dev
  cd ../skeleton.own
  for node in null zero full random urandom tty net/tun; do
    : >"dev/$node"
    mount --bind "/dev/$node" "dev/$node"
  done
  cp /usr/bin/sudo sudo
  chmod 4755 sudo
  cp -RL /usr/libexec/sudo plugins
}

root() {
  local name=$1 folder=$2
  hostname "$name"
  mount -t tmpfs -o mode=755,size=192m "lisiere-$name" "$folder/root"
  cd "$folder/root"
  cp -a "$folder/../skeleton/." .
  mount --rbind /usr usr
  mount -o remount,bind,ro usr 2>/dev/null || mount -o remount,bind,ro,nosuid,nodev usr
  mount --bind "$folder/sbin" usr/local/sbin
  if [ -e "$folder/etc/ssh/lab_keys" ]; then
    # The lab comes with a key of its own, whatever the configuration under test says.
    mount --bind /usr/sbin/sshd opt/sshd
    mount --bind opt/sshd.sh usr/sbin/sshd
  fi
  if [ -e "$folder/../skeleton.own" ]; then
    mount --rbind "$folder/../skeleton.own/dev" dev
    mount --bind "$folder/../skeleton.own/sudo" usr/bin/sudo
    mount --bind "$folder/../skeleton.own/plugins" usr/libexec/sudo
  fi
  mount --bind "$folder/etc" etc
  mount --bind "$folder/home" home
  mount --bind "$folder/lists" var/lib/lisiere/lists
  mount -t proc proc proc
  mount -t sysfs sysfs sys
  mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts dev/pts
  mount -t tmpfs -o mode=1777,size=16m shm dev/shm
  mount -t tmpfs -o mode=755,size=32m run run
  cp "$0" run/init
  pivot_root . old
  exec setpriv --bounding-set=-sys_time,-sys_module,-sys_boot chroot . /bin/bash /run/init --inside </dev/null >/run/init.log 2>&1
}

is_on_the_bench() {
  [ -e /etc/lab-first ] && [ ! -e /etc/lisiere/pending ] || return 1
  read -r first stamp </etc/lab-first
  [ "$(readlink /etc/lisiere/current)" = "generations/$first" ]
}

# What `lisiere-edge boot` does with the configuration of the bench, which is the lab's own: without a Python for each.
start_on_the_bench() {
  local current=/etc/lisiere/current key value stat
  nft -f "$current/nftables.conf"
  sed '/^address .*:/s/$/ nodad/' "$current/network/addresses.batch" | ip -batch -
  ip -batch "$current/network/routes.batch"
  while IFS=' =' read -r key value; do echo "$value" >"/proc/sys/${key//.//}"; done <"$current/network/sysctl.conf"
  /usr/sbin/sshd -D -f "$current/ssh/sshd_config" >>/var/log/lisiere/sshd.log 2>&1 &
  local pid=$!
  read -r stat <"/proc/$pid/stat"
  set -- ${stat##*) }
  umask 077
  echo "$pid ${20}" >/run/lisiere/sshd.pid
  echo -n "$stamp $pid ${20}" >/run/lisiere/sshd.loaded
  umask 022
  chmod 644 /run/lisiere/sshd.pid
  until_it_listens "$(grep -ci '^ListenAddress ' "$current/ssh/sshd_config")"
}

# Who is told that an appliance is up goes there at once: until sshd listens at all its addresses, 20 s at most.
until_it_listens() {
  local attempt line there
  for attempt in {1..400}; do
    there=0
    while read -r line; do
      if [[ $line =~ :0016\ [0-9A-F]+:0000\ 0A ]]; then there=$((there + 1)); fi
    done < <(cat /proc/net/tcp /proc/net/tcp6)
    [ "$there" -lt "$1" ] || return 0
    sleep 0.05
  done
  echo "sshd listens at $there of $1 addresses"
}

case $1 in
  --skeleton) skeleton "$2" && exit 0 ;;
  --inside) ;;
  *) root "$1" "$2" ;;
esac

umount -l /old
rmdir /old
cd /
trap 'exit 0' TERM INT
ip link set lo up
mkdir -p /run/sshd /run/lock /run/lisiere
if [ -e /etc/lab-transit ]; then ip -batch /etc/lab-transit; fi
if is_on_the_bench; then
  start_on_the_bench
elif [ -e /etc/lisiere/current ] && [ -x /usr/local/sbin/lisiere-edge ]; then
  /usr/local/sbin/lisiere-edge boot || true
else
  /usr/sbin/sshd -f /etc/ssh/sshd_config
fi
: >/run/booted
while :; do
  sleep 3600 &
  wait $! || true
done
