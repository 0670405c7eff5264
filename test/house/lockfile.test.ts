import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const project = join(import.meta.dirname, '../..')

interface Lock {
  readonly packages: Readonly<Record<string, { readonly integrity?: string; readonly resolved?: string }>>
}

const LOCKS = [
  'package-lock.json',
  'compare/package-lock.json',
  'test/mutation/package-lock.json',
  'test/package/compilers/package-lock.json',
  'test/package/next/manifest/package-lock.json',
  'test/prisma/package-lock.json',
]

describe.each(LOCKS)('%s', (name) => {
  const packages = Object.entries((JSON.parse(readFileSync(join(project, name), 'utf8')) as Lock).packages)

  it('pins every package by its integrity and names no download address', () => {
    const installed = packages.filter(([path]) => path !== '')

    expect(installed.length).toBeGreaterThan(5)
    expect(installed.filter(([, entry]) => entry.integrity === undefined).map(([path]) => path)).toEqual([])
    expect(installed.filter(([, entry]) => entry.resolved !== undefined).map(([path]) => path)).toEqual([])
  })
})

describe('package.json', () => {
  it('has no run-time dependency', () => {
    const manifest = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8')) as Record<
      string,
      unknown
    >

    expect(manifest).not.toHaveProperty('dependencies')
    expect(manifest).not.toHaveProperty('optionalDependencies')
  })
})
