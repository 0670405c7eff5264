import { maxBigIntDigits } from './rules.ts'

/** Writes hexadecimal text, because reading decimal text takes time that grows with the square of its length. */
export function formatBigInt(value: bigint): string {
  return value < 0n ? `-0x${(-value).toString(16)}` : `0x${value.toString(16)}`
}

/** Returns the number that {@link formatBigInt} wrote, or `undefined` for any other text. */
export function parseBigInt(text: string): bigint | undefined {
  if (text.length > maxBigIntDigits + 3 || !/^-?0x[0-9a-f]+$/.test(text)) return undefined
  return text.startsWith('-') ? -BigInt(text.slice(1)) : BigInt(text)
}
