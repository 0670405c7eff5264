import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import * as cachette from '../../src/index.ts'
import type { CacheErrorCode } from '../../src/index.ts'
import { project } from './markdown.ts'

// The compiler refuses this table when a code is missing in it, or is none.
const CODES: Readonly<Record<CacheErrorCode, string>> = {
  ERR_CACHE_OPTIONS: 'OptionsError',
  ERR_CACHE_KEY: 'KeyError',
  ERR_CACHE_SERIALIZATION: 'SerializationError',
  ERR_CACHE_STORE_UNAVAILABLE: 'StoreUnavailableError',
  ERR_CACHE_STORE_TIMEOUT: 'StoreTimeoutError',
  ERR_CACHE_RECURSIVE_LOAD: 'RecursiveLoadError',
  ERR_CACHE_CLOSED: 'ClosedError',
}

function documented(): Readonly<Record<string, string>> {
  const page = readFileSync(join(project, 'docs/contract.md'), 'utf8')
  const rows = page.matchAll(/^\| `(ERR_\w+)` \| `(\w+)` \|/gm)
  return Object.fromEntries(Array.from(rows, ([, code, name]) => [code!, name!]))
}

it('docs/contract.md lists every code of CacheError with its class, and no other', () => {
  expect(documented()).toEqual(CODES)
})

it('each of those classes is exported, and bears that code', () => {
  const made = Object.entries(cachette).flatMap(([name, value]) => {
    if (name === 'CacheError' || !name.endsWith('Error') || name.startsWith('is')) return []
    const Class = value as new (message: string, at: { path: string; kind: string }) => cachette.CacheError
    const error = new Class('text', { path: '$', kind: 'symbol' })
    return [[error.code, error.name]]
  })

  expect(Object.fromEntries(made)).toEqual(CODES)
})
