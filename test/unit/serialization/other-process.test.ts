import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { WireFormat } from '../../../src/serialization/index.ts'
import { keptValues, registry } from './values.ts'

describe('bytes of one process', () => {
  it('give the same values in another', () => {
    const wire = new WireFormat({ registry })
    const values = Object.entries(keptValues())
    const written = values.map(([name, { value }]) => [
      name,
      Buffer.from(wire.serialize(value)).toString('base64'),
    ])
    const script = fileURLToPath(new URL('./other-process.ts', import.meta.url))
    const output = execFileSync(process.execPath, ['--import', 'tsx', script], {
      input: JSON.stringify(Object.fromEntries(written)),
      encoding: 'utf8',
    })
    expect(JSON.parse(output)).toEqual({ compared: values.length, found: [] })
  })
})
