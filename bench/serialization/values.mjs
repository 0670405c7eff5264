// The values that are measured: what services cache, in the sizes they cache it.
// Deterministic, so that every run and every library gets the same bytes.

const words =
  'cache entry tier lease grace stale fresh token value reader writer bytes frame order price city'.split(' ')

function text(seed, count) {
  return Array.from({ length: count }, (_, index) => words[(seed * 7 + index * 5) % words.length]).join(' ')
}

/** A user as an API returns it: about 300 bytes of JSON. */
export function smallObject() {
  return {
    id: 48_213,
    name: 'Ada Lovelace',
    email: 'ada.lovelace@example.com',
    active: true,
    score: 93.25,
    createdAt: '2026-03-01T10:20:30.400Z',
    lastLogin: null,
    roles: ['admin', 'editor'],
    address: { street: '12 St James Square', city: 'London', zip: 'SW1Y 4JH', country: 'GB' },
  }
}

function product(id) {
  return {
    id,
    sku: `SKU-${100_000 + id}`,
    title: text(id, 5),
    description: text(id + 3, 32),
    price: 10 + ((id * 37) % 900) / 4,
    currency: 'EUR',
    inStock: id % 3 !== 0,
    rating: id % 50,
    category: { id: id % 12, name: words[id % words.length] },
    tags: [words[id % 7], words[(id + 5) % 11]],
    updatedAt: `2026-10-${String(10 + (id % 20))}T08:15:00.000Z`,
  }
}

/** One page of a listing: 50 records, about 20 KB. */
export function page() {
  return { page: 3, pages: 40, total: 1_983, items: Array.from({ length: 50 }, (_, id) => product(id)) }
}

/** The same page with a Date in each record, as a database driver returns it. */
export function pageWithDates() {
  const value = page()
  for (const item of value.items) item.updatedAt = new Date(item.updatedAt)
  return value
}

/** A list of about 1 MB. */
export function list() {
  return Array.from({ length: 2_500 }, (_, id) => product(id))
}

/** A configuration: many small objects inside one another, about 14 KB. */
export function deepTree() {
  const node = (depth, seed) =>
    depth === 0
      ? { enabled: seed % 2 === 0, limit: seed * 10, label: words[seed % words.length], retries: seed % 5 }
      : {
          name: words[(seed + depth) % words.length],
          options: { ttl: seed * 60, mode: 'auto', weight: seed / 8 },
          left: node(depth - 1, seed * 2),
          right: node(depth - 1, seed * 2 + 1),
        }
  return node(6, 1)
}

/** 100 KB of bytes that do not compress. */
export function buffer() {
  const bytes = Buffer.alloc(100_000)
  let state = 12_345
  for (let index = 0; index < bytes.length; index++) {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    bytes[index] = state >>> 16
  }
  return bytes
}
