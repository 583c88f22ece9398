/**
 * Hostile frames made by hand, for scenarios that want a certain one: from a host's port, or put on a fabric link.
 *
 * @module
 */
export {
  cutPacket,
  foreignMacs,
  gatewayMac,
  groupSource,
  malformed,
  martian,
  oversize,
  packetTo,
  reservedGroup,
  runt,
  spoofedSource,
  tagged,
  tunnelledByHost,
} from './traffic/forge-host.js'
export {
  altered,
  clearTunnel,
  forgedSeal,
  linkOversize,
  linkRunt,
  replayed,
  sealForgeries,
  tapOf,
  unknownVni,
  wrongOuterSource,
  type SealForgery,
  type Tap,
  type TunnelOptions,
} from './traffic/forge-link.js'
export {
  bentMessage,
  forgedInitiation,
  forgedMessage,
  isDataMessage,
  messageBends,
  messageForgeries,
  strayMessage,
  type MessageBend,
  type MessageForgery,
} from './traffic/forge-wireguard.js'
export { whoHas } from './traffic/neighbour.js'
