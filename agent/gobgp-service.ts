/**
 * The methods and messages of GoBGP's gRPC service, read from its own description.
 *
 * @module
 */
import { existsSync } from 'node:fs'
import path from 'node:path'
import protobuf, { type IConversionOptions, type Root, type Type } from 'protobufjs'
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
  | 'ResetPeer'
  | 'ListPath'
  | 'AddPath'
  | 'AddPathStream'
  | 'DeletePath'
  | 'WatchEvent'

/** A message's codec, and the numbers of its fields. */
export interface Message {
  readonly deserialize: (octets: Buffer) => object
  /** `undefined` for a field that it has not. */
  readonly numberOf: (field: string) => number | undefined
}

export interface Service {
  /** @throws AgentError `ZT_AGENT_CONFIG` when the description has none such */
  method(name: MethodName): Method
  /** @param name with its package: `api.Path`. @throws AgentError `ZT_AGENT_CONFIG` when the description has none such */
  message(name: string): Message
}

const FILE = path.join('api', 'gobgp.proto')
const SERVICE = 'api.GoBgpService'
/** Enums by name, numbers as such, no defaults. */
const TOLD: IConversionOptions = { enums: String, longs: Number, bytes: Buffer }

/** By folder: a process may have many nodes, and reading takes tens of milliseconds. */
const services = new Map<string, Service>()

/**
 * The service as a folder's `api/gobgp.proto` has it, field names in camel case. Only what is asked for is worked out: a lab
 * waits for it.
 *
 * @throws AgentError `ZT_AGENT_CONFIG` when the description is not there, or not of a GoBGP
 */
export function gobgpService(folder: string): Service {
  const known = services.get(folder)
  if (known !== undefined) return known
  const root = load(folder)
  const methods = new Map<string, Method>()
  const service: Service = {
    method: (name) => {
      const method = methods.get(name) ?? methodOf(root, name)
      if (method === undefined) throw foreign(folder, `has no method ${name}`)
      methods.set(name, method)
      return method
    },
    message: (name) => {
      const type = typeOf(root, name)
      if (type === undefined) throw foreign(folder, `has no message ${name}`)
      return { deserialize: reader(type), numberOf: (field) => type.fields[field]?.id }
    },
  }
  services.set(folder, service)
  return service
}

function load(folder: string): Root {
  const root = new protobuf.Root()
  root.resolvePath = (_origin, name) => {
    const file = path.join(folder, name)
    // What every description may import comes with the library.
    return existsSync(file) ? file : name
  }
  try {
    return root.loadSync(FILE, { keepCase: false })
  } catch (error) {
    throw foreign(folder, `cannot be read: ${messageOf(error)}`, error)
  }
}

function methodOf(root: Root, name: MethodName): Method | undefined {
  const service = root.lookup(SERVICE)
  const method = service instanceof protobuf.Service ? service.methods[name] : undefined
  if (method === undefined) return undefined
  method.resolve()
  const { resolvedRequestType: request, resolvedResponseType: response } = method
  if (request === null || response === null) return undefined
  return {
    path: `/${SERVICE}/${name}`,
    // Under Node.js the library writes into a Buffer, which it does not say.
    requestSerialize: (value) => request.encode(request.fromObject(value)).finish() as Buffer,
    responseDeserialize: reader(response),
  }
}

function typeOf(root: Root, name: string): Type | undefined {
  const found = root.lookup(name)
  return found instanceof protobuf.Type ? found : undefined
}

function reader(type: Type): (octets: Buffer) => object {
  return (octets) => type.toObject(type.decode(octets), TOLD)
}

function foreign(folder: string, what: string, cause?: unknown): AgentError {
  return new AgentError('ZT_AGENT_CONFIG', `${path.join(folder, FILE)} ${what}`, {
    cause,
    remedy:
      'give the folder of the .proto files that come with GoBGP 4.8 (in a checkout: build/daemons/proto)',
  })
}
