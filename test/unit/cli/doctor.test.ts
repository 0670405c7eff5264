// The findings of `cachette doctor` on what servers tell of themselves.
import { describe, expect, it } from 'vitest'
import { checkServer } from '../../../src/cli/doctor/server-checks.ts'
import type { Finding } from '../../../src/cli/doctor/finding.ts'

async function findings(...texts: readonly string[]): Promise<readonly Finding[]> {
  return checkServer({ runOnAll: async () => texts } as never)
}

const info = (more: Readonly<Record<string, string | number>>): string =>
  Object.entries({
    redis_version: '7.4.0',
    role: 'master',
    maxmemory_policy: 'noeviction',
    used_memory: 1000,
    maxmemory: 0,
    connected_clients: 3,
    maxclients: 10_000,
    ...more,
  })
    .map(([name, value]) => `${name}:${value}`)
    .join('\r\n')

describe('the doctor', () => {
  it('says of a server that tells nothing that it does not tell', async () => {
    const told = await findings('# Server\r\nredis_mode:standalone\r\n')

    expect(told.map(({ check, state }) => [check, state])).toEqual([
      ['version', 'warning'],
      ['role', 'ok'],
      ['maxmemory-policy', 'warning'],
      ['connections', 'ok'],
    ])
    expect(JSON.stringify(told)).not.toMatch(/NaN|undefined|Infinity|null/)
  })

  it('finds the worst of several masters', async () => {
    const told = await findings(info({}), info({ used_memory: 95, maxmemory: 100 }), info({}))

    expect(told.find(({ check }) => check === 'memory')).toMatchObject({
      state: 'problem',
      text: expect.stringContaining('(the worst of 3 masters)'),
    })
  })
})
