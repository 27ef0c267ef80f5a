/**
 * The program that shims run as `<program> --address A publish --topic T --namespace NS`, with an encoded
 * `google.protobuf.Any` on stdin (containerd `cmd/containerd/command/publish.go`). It leaves the event in the spool: one
 * file of two lines, topic and namespace, and the bytes. A shell starts in a millisecond; Node takes fifty.
 *
 * The file appears whole, by a rename. Its name is free: no other living process has the pid, and a file of a dead one
 * that nobody collected yet is counted past.
 */
export function publishScript(spool: string): string {
  return `#!/bin/sh
# Leaves an event of a containerd shim in the spool of libcontainerd. Written at each start: edit in vain.
set -u
PATH=\${PATH:-/usr/sbin:/usr/bin:/sbin:/bin}
umask 077
spool=${quote(spool)}
topic= namespace= action=
while [ $# -gt 0 ]; do
  case $1 in
    --topic | -topic) topic=\${2-}; shift ;;
    --topic=* | -topic=*) topic=\${1#*=} ;;
    --namespace | -namespace) namespace=\${2-}; shift ;;
    --namespace=* | -namespace=*) namespace=\${1#*=} ;;
    --address | -address | -a) shift ;;
    publish) action=publish ;;
  esac
  [ $# -gt 0 ] && shift
done
if [ "$action" != publish ] || [ -z "$topic" ] || [ -z "$namespace" ]; then
  echo "usage: $0 --address ADDRESS publish --topic TOPIC --namespace NAMESPACE" >&2
  exit 2
fi
part=$spool/.$$
{ printf '%s\\n%s\\n' "$topic" "$namespace" && cat; } >"$part" || { rm -f "$part"; exit 1; }
count=0
while [ -e "$spool/$$.$count" ]; do count=$((count + 1)); done
mv "$part" "$spool/$$.$count"
`;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
