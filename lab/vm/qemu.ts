/**
 * QEMU's command line for the reference VM. Text only, so that a test can read it.
 *
 * @module
 */
import type { Accelerator } from './accelerator.js'
import type { VmImage } from './image.js'

/** Where the guest's agent is heard: the far end of a socket that whoever starts QEMU has. */
export const AGENT_FD = 3
const QEMU = 'qemu-system-x86_64'
const MEGABYTES = 256

export interface QemuOptions {
  readonly image: VmImage
  readonly accelerator: Accelerator
  /** TAPs of QEMU's own namespace, in the order of the guest's `eth0`, `eth1` … */
  readonly taps: readonly string[]
  /** Takes what the guest's console says. */
  readonly console: string
}

/** A guest's NIC. */
function nicMac(link: number): string {
  return `02:00:00:00:ee:${link.toString(16).padStart(2, '0')}`
}

export function qemuArguments({ image, accelerator, taps, console }: QemuOptions): string[] {
  const processor = accelerator === 'kvm' ? 'host' : 'max'
  return [
    [QEMU],
    // Nothing but what is named here.
    ['-nodefaults', '-no-user-config', '-no-reboot', '-display', 'none', '-name', 'ztos-vm'],
    ['-sandbox', 'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny'],
    ['-machine', 'pc', '-accel', accelerator, '-cpu', processor],
    ['-smp', '1', '-m', String(MEGABYTES)],
    ['-kernel', image.kernel, '-initrd', image.initramfs],
    // A guest that panics ends at once (`-no-reboot`), and its lab with an error.
    ['-append', 'console=ttyS0 quiet panic=-1 mitigations=off no_timer_check random.trust_cpu=on'],
    ['-chardev', `file,id=console,path=${escaped(console)},append=on`, '-serial', 'chardev:console'],
    ['-chardev', `socket,id=agent,fd=${AGENT_FD}`, '-device', 'virtio-serial-pci'],
    ['-device', 'virtserialport,chardev=agent,name=ztos.agent'],
    ...taps.map(nic),
  ].flat()
}

/**
 * Without a header of offloads: every frame is whole, its checksum there, as on a cable. Always with carrier: of one that comes and goes the
 * guest hears late, and drops what it sends until then. Without a ROM to boot from, which would cost time.
 */
function nic(tap: string, link: number): string[] {
  return [
    '-netdev',
    `tap,id=net${link},ifname=${tap},script=no,downscript=no,vnet_hdr=off,vhost=off`,
    '-device',
    `virtio-net-pci,netdev=net${link},mac=${nicMac(link)},status=off,romfile=`,
  ]
}

/** A comma in a value of QEMU's is written twice. */
const escaped = (text: string): string => text.replaceAll(',', ',,')
