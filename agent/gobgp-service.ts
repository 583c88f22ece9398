/**
 * The methods and messages of GoBGP's gRPC service, read from its own description.
 *
 * @module
 */
import path from 'node:path'
import {
  loadSync,
  type AnyDefinition,
  type MessageTypeDefinition,
  type PackageDefinition,
} from '@grpc/proto-loader'
import { AgentError, messageOf } from './errors.js'

/** A method's name on the wire, and its codecs. */
export interface Method {
  readonly path: string
  readonly requestSerialize: (request: object) => Buffer
  readonly responseDeserialize: (octets: Buffer) => object
}
export type MethodName =
  | 'GetBgp'
  | 'GetTable'
  | 'ListPeer'
  | 'EnablePeer'
  | 'DisablePeer'
  | 'ListPath'
  | 'AddPath'
  | 'AddPathStream'
  | 'DeletePath'
  | 'WatchEvent'

/** A message's codec, and what its description says: an `IDescriptorProto` of `google/protobuf/descriptor.proto`. */
export interface Message {
  readonly deserialize: (octets: Buffer) => object
  readonly description: object
}

export interface Service {
  /** @throws AgentError `ZT_AGENT_CONFIG` when the description has none such */
  method(name: MethodName): Method
  /** @param name with its package: `api.Path`. @throws AgentError `ZT_AGENT_CONFIG` when the description has none such */
  message(name: string): Message
}

const FILE = path.join('api', 'gobgp.proto')
const SERVICE = 'api.GoBgpService'

/** By folder: a process may have many nodes, and reading takes tens of milliseconds. */
const services = new Map<string, Service>()

/**
 * The service as a folder's `api/gobgp.proto` has it: field names in camel case, enums by name, no defaults.
 *
 * @throws AgentError `ZT_AGENT_CONFIG` when the description is not there, or not of a GoBGP
 */
export function gobgpService(folder: string): Service {
  const known = services.get(folder)
  if (known !== undefined) return known
  const definition = load(folder)
  const methods = methodsOf(definition)
  const service: Service = {
    method: (name) => {
      const method = methods.get(name)
      if (method === undefined) throw foreign(folder, `has no method ${name}`)
      return method
    },
    message: (name) => {
      const message = definition[name]
      if (message === undefined || !isMessage(message)) throw foreign(folder, `has no message ${name}`)
      return { deserialize: message.deserialize, description: message.type }
    },
  }
  services.set(folder, service)
  return service
}

function isMessage(definition: AnyDefinition): definition is MessageTypeDefinition<object, object> {
  return 'format' in definition && 'deserialize' in definition
}

function load(folder: string): PackageDefinition {
  try {
    return loadSync(FILE, {
      includeDirs: [folder],
      keepCase: false,
      enums: String,
      longs: Number,
      bytes: Buffer,
      defaults: false,
      arrays: false,
      oneofs: false,
    })
  } catch (error) {
    throw foreign(folder, `cannot be read: ${messageOf(error)}`, error)
  }
}

function methodsOf(definition: PackageDefinition): ReadonlyMap<string, Method> {
  const service = definition[SERVICE]
  if (service === undefined || 'format' in service) return new Map()
  return new Map(Object.entries(service as Readonly<Record<string, Method>>))
}

function foreign(folder: string, what: string, cause?: unknown): AgentError {
  return new AgentError('ZT_AGENT_CONFIG', `${path.join(folder, FILE)} ${what}`, {
    cause,
    remedy:
      'give the folder of the .proto files that come with GoBGP 4.8 (in a checkout: build/daemons/proto)',
  })
}
