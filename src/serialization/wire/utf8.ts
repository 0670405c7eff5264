const encoder = new TextEncoder()

/**
 * Returns the bytes of a text. For ASCII, which most JSON is, one pass is enough, because a text that fits into as many
 * bytes as it has units is complete. `Buffer.from` counts first.
 */
export function utf8(text: string): Buffer {
  if (text.length < 1_024) return Buffer.from(text)
  const bytes = Buffer.allocUnsafe(text.length)
  return encoder.encodeInto(text, bytes).read === text.length ? bytes : Buffer.from(text)
}

/** Joins a header, a text and the bytes after it, without a copy of the text if that is ASCII. */
export function joinUtf8(header: Uint8Array, text: string, tail: Uint8Array | undefined): Buffer {
  const start = header.length
  const end = start + text.length
  const bytes = Buffer.allocUnsafe(end + (tail?.length ?? 0))
  if (encoder.encodeInto(text, bytes.subarray(start, end)).read !== text.length) {
    return Buffer.concat([header, Buffer.from(text), ...(tail === undefined ? [] : [tail])])
  }
  bytes.set(header)
  if (tail !== undefined) bytes.set(tail, end)
  return bytes
}
