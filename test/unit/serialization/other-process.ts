// Run as a process of its own by other-process.test.ts: reads what another process wrote and compares.
import { readFileSync } from 'node:fs'
import { WireFormat } from '../../../src/serialization/index.ts'
import { differences } from './differences.ts'
import { keptValues, registry } from './values.ts'

const written = JSON.parse(readFileSync(0, 'utf8')) as Record<string, string>
const wire = new WireFormat({ registry })
const found = Object.entries(keptValues()).flatMap(([name, { expected }]) =>
  differences(wire.deserialize(Buffer.from(written[name]!, 'base64')), expected).map(
    (text) => `${name}: ${text}`,
  ),
)
process.stdout.write(JSON.stringify({ compared: Object.keys(written).length, found }))
