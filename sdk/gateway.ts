/**
 * Questions to gateways, for scenarios: each knows the frame that must come back.
 *
 * @module
 */
export {
  echoRequest,
  gatewayQuestion,
  gatewaysOf,
  reportedPacket,
  unroutable,
  type Asking,
  type Reported,
} from './traffic/gateway.js'
