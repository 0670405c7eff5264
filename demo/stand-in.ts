// Temporary: replaced by the package as soon as it has these methods.
type Ttl = string | number | { ttl: string }
export class BaseCache<V = unknown> {
  entries = new Map<string, { value: unknown; until: number }>()
  flights = new Map<string, { promise: Promise<unknown>; dead: boolean }>()
  n = { hits: 0, misses: 0, loads: 0, loadTimeMs: 0, coalesced: 0, refusedFills: 0 }
  prefix = ''
  async get<T = V>(key: string): Promise<T | undefined> {
    const found = this.entries.get(this.prefix + key)
    if (found && found.until > performance.now()) return (this.n.hits++, structuredClone(found.value) as T)
    return void this.n.misses++
  }
  async set(key: string, value: V, _ttl?: Ttl): Promise<boolean> {
    this.drop(this.prefix + key)
    this.entries.set(this.prefix + key, { value, until: Infinity })
    return true
  }
  drop(full: string): boolean {
    const flight = this.flights.get(full)
    if (flight) flight.dead = true
    this.flights.delete(full)
    return this.entries.delete(full)
  }
  async delete(key: string): Promise<boolean> {
    return this.drop(this.prefix + key)
  }
  async deleteByPrefix(prefix: string): Promise<number | undefined> {
    const all = [...this.entries.keys(), ...this.flights.keys()].filter((k) =>
      k.startsWith(this.prefix + prefix),
    )
    return all.filter((k) => this.drop(k)).length
  }
  async getOrSet<T extends V>(key: string, loader: () => Promise<T> | T, _ttl?: Ttl): Promise<T> {
    const found = await this.get<T>(key)
    if (found !== undefined) return found
    const full = this.prefix + key
    const joined = this.flights.get(full)
    if (joined) return (this.n.coalesced++, joined.promise as Promise<T>)
    this.n.loads++
    const at = performance.now()
    const flight: { dead: boolean; promise: Promise<T> } = {
      dead: false,
      promise: Promise.resolve(undefined as T),
    }
    this.flights.set(full, flight)
    flight.promise = (async () => {
      try {
        const value = await loader()
        if (!flight.dead) this.entries.set(full, { value, until: Infinity })
        return value
      } finally {
        this.n.loadTimeMs += performance.now() - at
        if (this.flights.get(full) === flight) this.flights.delete(full)
      }
    })()
    return flight.promise
  }
  async getOrSetMany<T extends V>(
    keys: readonly string[],
    loader: (missing: readonly string[]) => Promise<Map<string, T>>,
  ): Promise<Map<string, T>> {
    const found = new Map<string, T>()
    for (const key of keys) {
      const loaded = await this.getOrSet<T>(key, async () => (await loader([key])).get(key)!)
      if (loaded !== undefined) found.set(key, loaded)
    }
    return found
  }
  async increment(key: string, by: number, ttl: string): Promise<number | undefined> {
    const full = this.prefix + key
    let entry = this.entries.get(full)
    if (!entry || entry.until < performance.now())
      this.entries.set(
        full,
        (entry = { value: 0, until: performance.now() + 1000 * Number.parseInt(ttl, 10) }),
      )
    return (entry.value = (entry.value as number) + by)
  }
  async ttl(key: string): Promise<number | undefined> {
    const entry = this.entries.get(this.prefix + key)
    return entry && (entry.until - performance.now()) / 1000
  }
  namespace<W extends V = V>(
    name: string,
    _options: { ttl?: string; keyVersion?: number } = {},
  ): BaseCache<W> {
    return Object.assign(new BaseCache<W>(), this, { prefix: `${this.prefix}${name}:` })
  }
  stats() {
    const { hits, misses } = this.n
    return {
      ...this.n,
      hitRatio: hits + misses ? hits / (hits + misses) : undefined,
      entries: this.entries.size,
    }
  }
  async close(): Promise<void> {}
  async [Symbol.asyncDispose](): Promise<void> {}
}
export async function createCache(): Promise<BaseCache> {
  return new BaseCache()
}
export function key(...parts: (string | number | object)[]): string {
  return parts.map((part) => (typeof part === 'object' ? JSON.stringify(part) : part)).join(':')
}
