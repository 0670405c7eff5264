import { TextEncoder } from 'node:util'

const SLOTS = 16_384
const encoder = new TextEncoder()

/**
 * Returns the slot of a key in a cluster. It depends on the text between the first braces, or else on the whole key.
 */
export function slotOf(key: string): number {
  const open = key.indexOf('{')
  const close = open < 0 ? -1 : key.indexOf('}', open + 1)
  const hashed = close > open + 1 ? key.slice(open + 1, close) : key
  return crc16(encoder.encode(hashed)) % SLOTS
}

// CRC-16/XMODEM, as in the specification of Redis Cluster.
function crc16(bytes: Uint8Array): number {
  let crc = 0
  for (const byte of bytes) {
    crc ^= byte << 8
    for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000) === 0 ? crc << 1 : (crc << 1) ^ 0x1021
  }
  return crc & 0xffff
}
