/**
 * A kernel without loadable modules has no `/proc/modules`, and containerlab stops where it cannot open that. It is run in a mount namespace of its own
 * then, in which the file exists and is empty: what it asks for is built in, or it finds out by itself. The host's mounts stay as they are, and
 * nothing is left when it ends.
 *
 * @module
 */
import { existsSync } from 'node:fs'

/**
 * `/proc` becomes a tmpfs of links into a procfs mounted below it: files cannot be added to a procfs, nor can one lie below an overlay. Processes that come
 * later, containers' first of all, have links already: those of the next 65536 numbers.
 */
const SCRIPT = `set -eu
last=$(cut -d ' ' -f 5 /proc/loadavg)
most=$(cat /proc/sys/kernel/pid_max)
mount -t tmpfs -o nosuid,nodev,noexec tmpfs /proc
mkdir /proc/.real
mount -t proc -o nosuid,nodev,noexec proc /proc/.real
cd /proc
ls .real | sed 's,^,.real/,' | xargs ln -s -t .
end=$((last + 65536))
# Numbers begin anew after the greatest.
if [ "$end" -gt "$most" ]; then
    seq -f '.real/%.0f' 2 "$((most < 65536 ? most : 65536))" | xargs ln -sf -t .
    end=$most
fi
seq -f '.real/%.0f' "$last" "$end" | xargs ln -sf -t .
: >modules
cd "$1"
shift
exec "$@"
`

/** @returns the command to run instead, in the same folder: the same one where the host has the file */
export function withModules(
  argv: readonly string[],
  folder: string = process.cwd(),
  hasModules: boolean = existsSync('/proc/modules'),
): readonly string[] {
  if (hasModules) return argv
  return ['unshare', '--mount', '--propagation', 'private', '--', 'sh', '-c', SCRIPT, 'sh', folder, ...argv]
}
