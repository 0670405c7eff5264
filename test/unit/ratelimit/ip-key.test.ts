import { SocketAddress, isIPv6 } from 'node:net'
import { expect, it } from 'vitest'
import { ipKey } from '../../../src/ratelimit/index.ts'
import { SeededRandom } from '../../../src/testing/random.ts'

it.each([
  ['203.0.113.7', '203.0.113.7'],
  ['2001:db8:1:2::7', '2001:db8:1:2::/64'],
  ['2001:0DB8:0001:0002:ffff:ffff:ffff:ffff', '2001:db8:1:2::/64'],
  ['2001:db8:0:0:1::', '2001:db8::/64'],
  ['::1', '::/64'],
  ['::', '::/64'],
  ['fe80::1%eth0', 'fe80::/64'],
  ['::ffff:203.0.113.7', '203.0.113.7'],
  ['::FFFF:cb00:7107', '203.0.113.7'],
  ['0:0:0:0:0:ffff:203.0.113.7', '203.0.113.7'],
  ['1:2:3:4:5:6:203.0.113.7', '1:2:3:4::/64'],
  ['', 'unknown'],
  [undefined, 'unknown'],
  ['203.0.113.7, 10.0.0.1', 'unknown'],
  ['203.0.113', 'unknown'],
  ['::g', 'unknown'],
])('makes of %s the key %s', (address, key) => {
  expect(ipKey(address)).toBe(key)
})

it('takes the prefix that it is told', () => {
  expect(ipKey('2001:db8:abcd:12ff::7', { v6: 56 })).toBe('2001:db8:abcd:1200::/56')
  expect(ipKey('2001:db8:abcd:12ff::7', { v6: 33 })).toBe('2001:db8:8000::/33')
  expect(ipKey('2001:db8::7', { v6: 128 })).toBe('2001:db8:0:0:0:0:0:7')
  expect(ipKey('203.0.113.7', { v4: 24 })).toBe('203.0.113.0/24')
  expect(ipKey('::ffff:203.0.113.7', { v4: 17 })).toBe('203.0.0.0/17')
})

it.each([[{ v6: 0 }], [{ v6: 129 }], [{ v4: 33 }], [{ v4: 1.5 }]])('refuses %o', (options) => {
  expect(() => ipKey('203.0.113.7', options)).toThrow(/is not a whole number from 1/)
})

it('gives every way to write an address the same key', () => {
  const random = new SeededRandom(1).next
  for (let count = 0; count < 2000; count++) {
    const groups = Array.from({ length: 8 }, () => (random() < 0.4 ? 0 : Math.floor(random() * 65_536)))
    const full = groups
      .map((group) => group.toString(16).padStart(4, '0'))
      .join(':')
      .toUpperCase()
    const short = new SocketAddress({ address: full, family: 'ipv6' }).address
    expect(isIPv6(short)).toBe(true)
    expect(ipKey(short, { v6: 128 })).toBe(ipKey(full, { v6: 128 }))
    expect(ipKey(short)).toBe(ipKey(full))
  }
})
