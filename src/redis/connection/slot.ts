const SLOTS = 16_384
const encoder = new TextEncoder()

/** The slot of a key in a cluster: of what is between its first braces, if there is anything, else of all of it. */
export function slotOf(key: string): number {
  const open = key.indexOf('{')
  const close = open < 0 ? -1 : key.indexOf('}', open + 1)
  const hashed = close > open + 1 ? key.slice(open + 1, close) : key
  return crc16(encoder.encode(hashed)) % SLOTS
}

// CRC-16/XMODEM, as the specification of Redis Cluster has it.
function crc16(bytes: Uint8Array): number {
  let crc = 0
  for (const byte of bytes) {
    crc ^= byte << 8
    for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000) === 0 ? crc << 1 : (crc << 1) ^ 0x1021
  }
  return crc & 0xffff
}
