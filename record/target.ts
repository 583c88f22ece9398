/**
 * Target: the one interface through which a scenario sees a fabric, be it the twin or a lab.
 *
 * @module
 */
import type { Plan } from '../contract/plan.js'
import type { Interpreter } from './verdict.js'

/** A frame to be sent. Times are not part of it: frames of one `send` are sent in order, as fast as they go. */
export interface Injection {
  /** Trace id, also in the innermost payload where the frame has room for one (`twin/packet/trace-id.ts`). */
  readonly trace: number
  /** From a host's port, or put on a fabric link as if it came from its far end (hostile frames), received by `to`. */
  readonly at: { readonly host: string } | { readonly link: string; readonly to: string }
  readonly frame: Uint8Array
  /**
   * The frame may change state (learning, neighbours, PN): it is sent alone, after everything before it has settled.
   * Unset: the target decides by asking the twin.
   */
  readonly alone?: boolean
}

/** A frame that arrived at a host. */
export interface Arrival {
  readonly host: string
  readonly frame: Uint8Array
  /** Neither for the host's MAC nor to a group (HOST-3). */
  readonly foreign: boolean
  readonly trace?: number
  /** From sending to arrival, ns, where the target can measure it. */
  readonly latency?: number
}
/** A frame on a fabric link, as it was on the wire, in one direction. */
export interface WireFrame {
  readonly link: string
  readonly from: string
  readonly to: string
  readonly frame: Uint8Array
  /** Who says so: the twin, the engines' journals, or a capture taken in XDP on the receiving port. */
  readonly seenBy: 'twin' | 'journal' | 'capture'
}
/** A frame that WireGuard carries on a link, opened. */
export type OpenedFrame =
  /** Initiation, response or cookie reply: the parts of a session that is being made. */
  | { readonly kind: 'handshake' }
  | { readonly kind: 'keepalive'; readonly session: number; readonly counter: number }
  | {
      readonly kind: 'data'
      /** Receiver index. */
      readonly session: number
      readonly counter: number
      /** The packet inside, behind the Ethernet header of the frame that it came in. */
      readonly clear: Uint8Array
      /** For comparing: what depends on the session masked, the text in clear. */
      readonly canonical: Uint8Array
      /** Where in `canonical` the text begins. */
      readonly text: number
    }
/** Opens what WireGuard sealed, with the sessions that nodes had. It holds their keys and shows none. */
export interface FrameOpener {
  /** `undefined` for what is no WireGuard of the link's, and for what does not open. */
  open(wire: Pick<WireFrame, 'link' | 'from' | 'frame'>): OpenedFrame | undefined
  /** The same for what crosses a VXLAN tunnel between two leaves; `frame` is the one inside of it. */
  openInside?(tunnelled: TunnelledFrame): OpenedFrame | undefined
}
/** A frame in a VXLAN tunnel. */
export interface TunnelledFrame {
  readonly vni: number
  /** Leaves at its ends. */
  readonly from: string
  readonly to: string
  readonly frame: Uint8Array
}
/** What became of a copy on a node (MODEL-4). */
export interface NodeFate {
  readonly node: string
  readonly fate: string
  readonly trace?: number
}
/** Everything seen between two settled states. */
export interface Observation {
  readonly by: Interpreter
  readonly sent: readonly Injection[]
  readonly arrivals: readonly Arrival[]
  readonly wire: readonly WireFrame[]
  readonly fates: readonly NodeFate[]
  /** Frames punted to a node's kernel. */
  readonly punts: readonly { readonly node: string; readonly interface: number; readonly frame: Uint8Array }[]
  /** ARP and ND answered by hosts (HOST-3). */
  readonly answeredByHosts: number
  /** Absent where no link is sealed by WireGuard, or nobody knows the sessions. */
  readonly opener?: FrameOpener
}
export interface SendOptions {
  /** Keep wire frames of these links only; default all. `[]` when nobody will ask. */
  readonly wire?: readonly string[]
}
export interface LatencyRequest {
  readonly from: string
  readonly to: string
  /** Packets a second, open loop, and how many. */
  readonly rate: number
  readonly count: number
}
export interface LatencySamples {
  readonly tier: string
  /** ns, one for each packet that arrived. */
  readonly samples: readonly number[]
  readonly sent: number
  /** The same path through bare forwarders in the same run, ns. */
  readonly floor?: readonly number[]
}
/**
 * Something that breaks, and is put right again. What a fault does is said in `docs/control-plane.md`, section 5.
 */
export type Fault =
  /** Both ends lose carrier. */
  | { readonly kind: 'link-down'; readonly link: string }
  /** What crosses is lost; both ends still have carrier. */
  | { readonly kind: 'link-silent'; readonly link: string }
  /** Power is lost: all wires of the node lose carrier, its daemons end, its engine forgets what it had learned or been given. */
  | { readonly kind: 'node-down'; readonly node: string }
  /** The routing daemon is killed. */
  | { readonly kind: 'daemon-down'; readonly node: string }
  /** The routing daemon is stopped: it neither speaks nor ends. */
  | { readonly kind: 'daemon-hangs'; readonly node: string }
  /** The agent of a leaf is killed. */
  | { readonly kind: 'agent-down'; readonly node: string }
  /** A node ceases to announce a prefix that it has itself. */
  | { readonly kind: 'withdrawn'; readonly node: string; readonly prefix: string }

/** A fabric that can be sent to. */
export interface Target {
  readonly interpreter: Interpreter
  readonly plan: Plan
  /** Sends all frames and returns when the fabric is settled. Throws only if the target itself failed. */
  send(frames: readonly Injection[], options?: SendOptions): Promise<Observation>
  /** Forgets learned state everywhere (CTRL-3), so that scenarios do not depend on each other. */
  reset(): Promise<void>
  /** Moves every node's clock (CTRL-4), ns. */
  advanceTime(ns: number): Promise<void>
  /**
   * Breaks something and returns when the fabric has come to rest as it then is. Faults add up; the same one twice is an error.
   * Absent where nothing can be broken.
   */
  fail?(fault: Fault): Promise<void>
  /** Puts it right, and returns when the fabric has come to rest. */
  repair?(fault: Fault): Promise<void>
  /** Absent where it cannot be measured. */
  latency?(request: LatencyRequest): Promise<LatencySamples>
  close(): Promise<void>
}
