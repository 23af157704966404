#!/bin/bash
# PID 1 of an appliance. Run as root in new mount, PID, UTS, IPC and network namespaces: appliance.sh NAME FOLDER
#
# The root is composed: /usr of the host read-only, /etc and /usr/local/sbin out of FOLDER (they outlive a restart),
# all else in memory. FOLDER/etc was prepared by lab.real.appliance.
set -eu
if [ "${1:-}" != --inside ]; then
  name=$1 folder=$2
  mount --make-rprivate /
  hostname "$name"
  mkdir -p "$folder/root"
  mount -t tmpfs -o mode=755,size=192m "lisiere-$name" "$folder/root"
  cd "$folder/root"
  mkdir usr etc var run tmp root home proc sys dev old opt
  mkdir -p var/log var/spool/squid var/spool/rsyslog var/lib/misc var/lib/chrony var/lib/lisiere/lists var/cache var/tmp home/lisiere
  chmod 1777 tmp var/tmp
  chmod 700 root
  for link in bin sbin lib lib64; do ln -s "usr/$link" "$link"; done
  ln -s ../run var/run
  mount --rbind /usr usr
  mount -o remount,bind,ro usr
  mount --bind "$folder/sbin" usr/local/sbin
  if [ -e "$folder/etc/ssh/lab_keys" ]; then
    # The lab comes with a key of its own, whatever the configuration under test says.
    touch opt/sshd
    mount --bind /usr/sbin/sshd opt/sshd
    cp "${0%/*}/sshd.sh" opt/sshd.sh
    chmod 755 opt/sshd.sh
    mount --bind opt/sshd.sh usr/sbin/sshd
  fi
  mount --bind "$folder/etc" etc
  mount --bind "$folder/home" home
  mount --bind "$folder/lists" var/lib/lisiere/lists
  mount -t proc proc proc
  mount -t sysfs sysfs sys
  mount -t tmpfs -o mode=755,size=64k dev dev
  mkdir dev/pts dev/shm dev/net
  while read -r node major minor; do mknod -m 666 "dev/$node" c "$major" "$minor"; done <<'NODES'
null 1 3
zero 1 5
full 1 7
random 1 8
urandom 1 9
tty 5 0
NODES
  mknod -m 600 dev/net/tun c 10 200
  mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts dev/pts
  ln -s pts/ptmx dev/ptmx
  ln -s /proc/self/fd dev/fd
  for number in 0:stdin 1:stdout 2:stderr; do ln -s "/proc/self/fd/${number%:*}" "dev/${number#*:}"; done
  mount -t tmpfs -o mode=1777,size=16m shm dev/shm
  mount -t tmpfs -o mode=755,size=32m run run
  cp "$0" run/init
  chown proxy:proxy var/spool/squid
  chown _chrony:_chrony var/lib/chrony
  pivot_root . old
  exec setpriv --bounding-set=-sys_time,-sys_module,-sys_boot chroot . /bin/bash /run/init --inside </dev/null >/run/init.log 2>&1
fi

umount -l /old
rmdir /old
cd /
trap 'exit 0' TERM INT
ip link set lo up
if [ -e /etc/lab-transit ]; then ip -batch /etc/lab-transit; fi
mkdir -p /run/sshd /run/lock
if [ -e /etc/lisiere/current ] && [ -x /usr/local/sbin/lisiere-edge ]; then
  /usr/local/sbin/lisiere-edge boot || true
else
  /usr/sbin/sshd -f /etc/ssh/sshd_config
fi
: >/run/booted
while :; do
  sleep 3600 &
  wait $! || true
done
