/**
 * By what the reference VM runs: the processor itself (KVM) or emulation (TCG), which is everywhere.
 *
 * @module
 */
import { accessSync, constants, readFileSync } from 'node:fs'

export type Accelerator = 'kvm' | 'tcg'

export interface AcceleratorChoice {
  readonly kind: Accelerator
  /** Why not KVM. */
  readonly reason?: string
}

/**
 * KVM where the processor has hardware virtualization and the device is ours to use. A device alone says little: one without hardware
 * behind it takes a VM and does not get it through its first instructions.
 *
 * @param cpuinfo text of `/proc/cpuinfo`
 */
export function chooseAccelerator(cpuinfo: string, device = '/dev/kvm'): AcceleratorChoice {
  try {
    accessSync(device, constants.R_OK | constants.W_OK)
  } catch {
    return { kind: 'tcg', reason: `${device} cannot be used` }
  }
  const flags = new Set(/^flags\s*:\s*(.*)$/m.exec(cpuinfo)?.[1]?.split(' '))
  if (flags.has('vmx') || flags.has('svm')) return { kind: 'kvm' }
  return { kind: 'tcg', reason: 'the processor shows neither VMX nor SVM' }
}

export function accelerator(): AcceleratorChoice {
  return chooseAccelerator(readFileSync('/proc/cpuinfo', 'utf8'))
}
