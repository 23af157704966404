#!/bin/bash
# Run a command as an ordinary user who may have a lab of their own: ordinary_user.sh FOLDER PATH… -- COMMAND…
# As root, in a mount namespace of its own (`unshare --mount`). The machine keeps its accounts: /etc/passwd and the ranges
# of subordinate ids are changed in here only; so is /dev/net/tun, which everybody may open on Debian. FOLDER becomes the
# user's, and the PATHs can be reached by them whoever may enter the folders above.
set -eu
uid=4711 name=lab-user
folder=$1
mount --make-rprivate /
stash=/mnt
mount -t tmpfs -o mode=755 stash "$stash"

cp /etc/passwd "$stash/passwd"
echo "$name:x:$uid:$uid::$folder:/bin/sh" >>"$stash/passwd"
echo "$name:300000:65536" >"$stash/subuid"
cp "$stash/subuid" "$stash/subgid"
for file in passwd subuid subgid; do mount --bind "$stash/$file" "/etc/$file"; done
mknod -m 666 "$stash/tun" c 10 200
mount --bind "$stash/tun" /dev/net/tun

reached=()
while [ "$1" != -- ]; do reached+=("$1") && shift; done
shift
chown "$uid:$uid" "$folder"
for number in "${!reached[@]}"; do
  mkdir "$stash/$number"
  mount --rbind "${reached[$number]}" "$stash/$number"
done
as_user=(setpriv --reuid "$uid" --regid "$uid" --clear-groups)
for path in "${reached[@]}"; do
  above=
  IFS=/ read -ra parts <<<"${path#/}"
  for part in "${parts[@]}"; do
    above+=/$part
    "${as_user[@]}" test -x "$above" && continue
    [ "$above" = "$path" ] || mount -t tmpfs -o mode=755 covered "$above"
    break
  done
done
for number in "${!reached[@]}"; do
  mkdir -p "${reached[$number]}"
  mount --rbind "$stash/$number" "${reached[$number]}"
done
cd "$folder"
exec "${as_user[@]}" env "HOME=$folder" "USER=$name" "LOGNAME=$name" "$@"
