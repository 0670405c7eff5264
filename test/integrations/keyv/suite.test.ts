// The suite that stores of Keyv 5 are judged by.
import * as vitest from 'vitest'
import { describe } from 'vitest'
import type { BaseCache } from 'cachette'
import { KeyvStore } from 'cachette/keyv'
import keyvTestSuite, { keyvIteratorTests } from '@keyv/test-suite'
import { Keyv } from 'keyv'
import { onEachEngine } from '../caches.ts'

describe('KeyvStore', () => {
  onEachEngine(({ make }) => {
    let cache: BaseCache
    vitest.beforeAll(async () => {
      cache = await make()
    })
    const store = () => new KeyvStore(cache)
    keyvTestSuite(vitest, Keyv, store)
    keyvIteratorTests(vitest, Keyv, store)
  })
})
