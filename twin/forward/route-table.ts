/**
 * Longest prefix match over the octets of an address: a binary trie whose paths are compressed, so that a look-up visits
 * about as many nodes as there are nested prefixes.
 *
 * @module
 */
import { u8 } from '../packet/bytes.js'

class TrieNode<T> {
  value: T | undefined
  zero: TrieNode<T> | undefined
  one: TrieNode<T> | undefined

  constructor(
    /** Octets of the prefix; bits past `length` are zero. */
    readonly key: Uint8Array,
    /** Bits of the prefix. */
    readonly length: number,
  ) {}
}

/** Prefixes of one family and their values. */
export class RouteTable<T> {
  private readonly root: TrieNode<T>
  private count = 0

  /** @param width - octets of an address: 4 or 16. */
  constructor(private readonly width: 4 | 16) {
    this.root = new TrieNode<T>(new Uint8Array(width), 0)
  }

  /** Prefixes in the table. */
  get size(): number {
    return this.count
  }

  /** Adds a prefix; false when it was there already, and nothing is changed. Bits of `key` past `length` must be zero. */
  add(key: Uint8Array, length: number, value: T): boolean {
    const node = this.nodeFor(key, length)
    if (node.value !== undefined) return false
    node.value = value
    this.count++
    return true
  }

  /** Gives a prefix a value, whether it was there or not. Bits of `key` past `length` must be zero. */
  set(key: Uint8Array, length: number, value: T): void {
    const node = this.nodeFor(key, length)
    if (node.value === undefined) this.count++
    node.value = value
  }

  /** Removes a prefix; false when it is not there. Bits of `key` past `length` must be zero. */
  remove(key: Uint8Array, length: number): boolean {
    const above: TrieNode<T>[] = []
    let node = this.root
    while (node.length < length) {
      const next = bitAt(key, 0, node.length) === 1 ? node.one : node.zero
      if (next === undefined) return false
      above.push(node)
      node = next
    }
    if (node.length !== length || commonLength(key, node.key, length) !== length) return false
    if (node.value === undefined) return false
    node.value = undefined
    this.count--
    // Without its value it may hold nothing up any more, and its parent may have been there to part it from a sibling.
    for (let parent = above.pop(); parent !== undefined; node = parent, parent = above.pop()) {
      if (!collapse(parent, node)) break
    }
    return true
  }

  /** The value of a prefix itself. Bits of `key` past `length` must be zero. */
  find(key: Uint8Array, length: number): T | undefined {
    let node: TrieNode<T> | undefined = this.root
    while (node !== undefined && node.length < length) {
      node = bitAt(key, 0, node.length) === 1 ? node.one : node.zero
    }
    if (node?.length !== length || commonLength(key, node.key, length) !== length) return undefined
    return node.value
  }

  /** All values, in order of prefixes. */
  *values(): Generator<T> {
    const waiting: (TrieNode<T> | undefined)[] = [this.root]
    while (waiting.length > 0) {
      const node = waiting.pop()
      if (node === undefined) continue
      if (node.value !== undefined) yield node.value
      waiting.push(node.one, node.zero)
    }
  }

  /** The node of a prefix, made where there was none. */
  private nodeFor(key: Uint8Array, length: number): TrieNode<T> {
    let node = this.root
    for (;;) {
      if (node.length === length) return node
      const next = bitAt(key, 0, node.length) === 1 ? node.one : node.zero
      if (next === undefined) {
        const made = new TrieNode<T>(key.slice(), length)
        attach(node, made)
        return made
      }
      const common = commonLength(key, next.key, Math.min(length, next.length))
      if (common < next.length) {
        const fork = new TrieNode<T>(maskedTo(key, common), common)
        attach(fork, next)
        attach(node, fork)
        node = fork
      } else {
        node = next
      }
    }
  }

  /** Value of the longest prefix that holds the address at `offset`, which the caller knows to lie within `bytes`. */
  lookup(bytes: Uint8Array, offset: number): T | undefined {
    let best: T | undefined
    let node: TrieNode<T> | undefined = this.root
    let checked = 0
    const bits = this.width * 8
    while (node !== undefined && matches(node, checked, bytes, offset)) {
      if (node.value !== undefined) best = node.value
      checked = node.length
      if (checked === bits) return best
      node = bitAt(bytes, offset, checked) === 1 ? node.one : node.zero
    }
    return best
  }
}

/** Takes a node that says nothing out of the way: true when it was, and its parent may say nothing now. */
function collapse<T>(parent: TrieNode<T>, node: TrieNode<T>): boolean {
  const { zero, one } = node
  if (node.value !== undefined || (zero !== undefined && one !== undefined)) return false
  if (parent.one === node) parent.one = zero ?? one
  else parent.zero = zero ?? one
  return true
}

/** Puts `child` below `parent`, on the side of its first bit behind the parent's prefix. */
function attach<T>(parent: TrieNode<T>, child: TrieNode<T>): void {
  if (bitAt(child.key, 0, parent.length) === 1) parent.one = child
  else parent.zero = child
}

function bitAt(bytes: Uint8Array, offset: number, bit: number): number {
  return (u8(bytes, offset + (bit >> 3)) >> (7 - (bit & 7))) & 1
}

/** Bits that two keys share from the start, at most `limit`. */
function commonLength(a: Uint8Array, b: Uint8Array, limit: number): number {
  let length = 0
  while (length < limit && bitAt(a, 0, length) === bitAt(b, 0, length)) length++
  return length
}

function maskedTo(key: Uint8Array, length: number): Uint8Array {
  const masked = new Uint8Array(key.length)
  const whole = length >> 3
  masked.set(key.subarray(0, whole))
  if ((length & 7) !== 0) masked[whole] = u8(key, whole) & (0xff << (8 - (length & 7)))
  return masked
}

/** The address at `offset` has the node's prefix; its first `checked` bits are known to be right. */
function matches(node: TrieNode<unknown>, checked: number, bytes: Uint8Array, offset: number): boolean {
  const { key, length } = node
  const whole = length >> 3
  for (let i = checked >> 3; i < whole; i++) if (u8(key, i) !== u8(bytes, offset + i)) return false
  const rest = length & 7
  return rest === 0 || ((u8(key, whole) ^ u8(bytes, offset + whole)) & (0xff << (8 - rest)) & 0xff) === 0
}
