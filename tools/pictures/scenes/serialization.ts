import { serialize } from 'node:v8'
import { compression, WireFormat } from '../../../src/serialization/index.ts'
import type { Bar, Scene } from '../scene.ts'

const ITEMS = Array.from({ length: 40 }, (_, id) => ({ id, name: `article ${id}`, price: id * 3 }))
const VALUES: Readonly<Record<string, unknown>> = {
  'a plain list': ITEMS,
  'with a Date in each': ITEMS.map((item) => ({ ...item, at: new Date(1_767_225_600_000 + item.id) })),
  'as a Map': new Map(ITEMS.map((item) => [item.id, item])),
  '1,000 bytes': new Uint8Array(1000).fill(7),
}

/** The bytes of one value on a server, in several forms. */
export async function serialization(): Promise<Scene> {
  const wire = new WireFormat()
  const smaller = new WireFormat({ compression: compression({ threshold: 512, codec: 'brotli' }) })
  const bars: Bar[] = []
  const lanes: string[] = []
  for (const [name, value] of Object.entries(VALUES)) {
    const forms = [
      ['bytes on the server', wire.serialize(value).length, 'fresh'],
      ['compressed', smaller.serialize(value).length, 'work'],
      ['v8.serialize', serialize(value).length, 'wait'],
    ] as const
    for (const [form, bytes, colour] of forms) {
      const lane = form === 'bytes on the server' ? name : form
      // A lane is known by its name, so the repeated ones differ by blanks.
      const own = lanes.includes(lane) ? `${lane}${' '.repeat(lanes.length)}` : lane
      lanes.push(own)
      bars.push({ lane: own, from: 0, to: bytes, colour, label: `${bytes}` })
    }
  }
  return {
    title: 'Bytes of 40 small records, and of 1,000 bytes, on a server',
    lanes,
    end: 3600,
    tick: 600,
    unit: (bytes) => `${bytes}`,
    bars,
    marks: [],
  }
}
