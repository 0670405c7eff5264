// Writes the golden files that are missing, and changes none: `npx tsx test/unit/serialization/golden/v1/make.ts`.
// The file for zstd needs Node 22.15 or later.
import { existsSync, writeFileSync } from 'node:fs'
import { compression, encryption, WireFormat } from '../../../../../src/serialization/index.ts'
import { writeHeader } from '../../../../../src/serialization/wire/frame.ts'
import { registry } from '../../values.ts'
import { cacheKey, envelope, goldenCases, keys } from './cases.ts'
import { hex } from './hex.ts'

function save(name: string, bytes: () => string | Uint8Array): void {
  const file = new URL(`${name}.bin`, import.meta.url)
  if (existsSync(file)) return
  writeFileSync(file, bytes())
  console.log(`written: ${name}`)
}

for (const [name, { value, framed, codec, encrypted, custom }] of Object.entries(goldenCases())) {
  save(name, () => {
    const wire = new WireFormat({
      registry,
      ...(custom === true ? { serializer: hex } : {}),
      ...(codec === undefined ? {} : { compression: compression({ codec }) }),
      ...(encrypted === true ? { encryption: encryption({ keys }) } : {}),
    })
    return wire.write(wire.encode(value), framed === true ? envelope : undefined, cacheKey)
  })
}

save('counter', () => Buffer.concat([writeHeader(envelope, { type: 'counter' }), Buffer.from('-42')]))
save('negative', () => writeHeader(envelope, { type: 'negative' }))
// What this version must take for a miss: a later version, a later flag, a later body.
const later = (offset: number, byte: number): Buffer => {
  const bytes = Buffer.concat([writeHeader(envelope, { type: 'json' }), Buffer.from('1')])
  bytes[offset] = byte
  return bytes
}
save('unknown-version', () => later(1, 0x22))
save('unknown-body', () => later(1, 0x1e))
save('unknown-flag', () => later(2, 0x80))
save('unknown-codec', () => later(3, 7))
