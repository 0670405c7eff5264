const encoder = new TextEncoder()

/**
 * The bytes of a text. For ASCII, which most JSON is, one pass is enough: if the text fits into as many bytes as it
 * has units, that is all of it. `Buffer.from` counts first.
 */
export function utf8(text: string): Buffer {
  if (text.length < 1_024) return Buffer.from(text)
  const bytes = Buffer.allocUnsafe(text.length)
  return encoder.encodeInto(text, bytes).read === text.length ? bytes : Buffer.from(text)
}
