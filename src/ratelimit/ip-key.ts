import { isIPv4, isIPv6 } from 'node:net'
import { OptionsError } from '../core/errors.ts'
import { inspect } from '../core/logging/inspect.ts'
import { checkReadable } from '../options/checks.ts'

/** The numbers of leading bits of an address that tell one client from another. */
export interface IpKeyOptions {
  /** The bits of IPv6: 1 to 128; default 64, which a single subscriber has at least. */
  readonly v6?: number | undefined
  /** The bits of IPv4: 1 to 32; default 32, the whole address. */
  readonly v4?: number | undefined
}

/**
 * Returns a key for the client at an address, by its prefix, because a client with an IPv6 network could otherwise take
 * another address for each request. `'203.0.113.7'` stays as it is, `'2001:db8:1:2::7'` becomes `'2001:db8:1:2::/64'`,
 * and an IPv4 address in the form of IPv6 (`'::ffff:203.0.113.7'`) becomes the IPv4 address. Any other text becomes
 * `'unknown'`, one key for all such clients, because addresses come from outside and must not crash anything.
 * @throws OptionsError for an invalid prefix length.
 */
export function ipKey(address: string | undefined, options: IpKeyOptions = {}): string {
  checkReadable(options, 'ipKey')
  const { v6 = 64, v4 = 32 } = options
  checkBits(v6, 128, 'v6')
  checkBits(v4, 32, 'v4')
  const plain = typeof address === 'string' ? address.replace(/%.*$/s, '') : ''
  if (isIPv4(plain)) return prefixOfV4(plain.split('.').map(Number), v4)
  if (!isIPv6(plain)) return 'unknown'
  const groups = groupsOf(plain)
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff
  if (isMapped)
    return prefixOfV4(
      groups.slice(6).flatMap((group) => [group >> 8, group & 0xff]),
      v4,
    )
  const kept = masked(groups, v6, 16)
  return v6 === 128 ? text(kept) : `${text(kept)}/${v6}`
}

function prefixOfV4(bytes: readonly number[], bits: number): string {
  const kept = masked(bytes, bits, 8).join('.')
  return bits === 32 ? kept : `${kept}/${bits}`
}

/** Returns the eight groups of a valid IPv6 address. */
function groupsOf(address: string): readonly number[] {
  // The last 32 bits may be written as an IPv4 address.
  const hex = address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, ...bytes) => {
    const [a, b, c, d] = bytes.map(Number) as [number, number, number, number]
    return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`
  })
  const [head = '', tail] = hex.split('::')
  const front = words(head)
  if (tail === undefined) return front
  const back = words(tail)
  return [...front, ...Array<number>(8 - front.length - back.length).fill(0), ...back]
}

function words(part: string): readonly number[] {
  return part === '' ? [] : part.split(':').map((word) => Number.parseInt(word, 16))
}

/** Keeps the first `bits` bits of parts of `size` bits each, and sets the others to 0. */
function masked(parts: readonly number[], bits: number, size: number): readonly number[] {
  return parts.map((part, index) => {
    const kept = Math.min(size, Math.max(0, bits - index * size))
    return (part >> (size - kept)) << (size - kept)
  })
}

/** Returns the groups without the zeros at their end, which is one text for each prefix. */
function text(groups: readonly number[]): string {
  const words = groups.map((group) => group.toString(16))
  let end = words.length
  while (end > 0 && words[end - 1] === '0') end--
  return end === words.length ? words.join(':') : `${words.slice(0, end).join(':')}::`
}

function checkBits(bits: unknown, most: number, option: string): void {
  if (Number.isInteger(bits) && (bits as number) >= 1 && (bits as number) <= most) return
  throw new OptionsError(`ipKey: ${option}: ${inspect(bits)} is not a whole number from 1 to ${most}`)
}
