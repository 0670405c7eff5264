import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import ts from 'typescript'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { readEntryPoints } from '../../tools/entry-points.ts'
import { type InstalledProject, installPackage } from './installed.ts'

// Types that users only read, or that this library hands to an SDK. Every other optional property is one that a user may
// have to leave open.
const ANSWERS: ReadonlySet<string> = new Set([
  'Admitted',
  'Advice',
  'AnalysisSnapshot',
  'BodyHeader',
  'CacheFigures',
  'Estimate',
  'FamilyCounts',
  'FamilyFigures',
  'FamilySnapshot',
  'Freshness',
  'GetResult',
  'LoadSituation',
  'LogEntry',
  'MethodDescriptor',
  'NextState',
  'OpResult',
  'OtelInstrumentOptions',
  'OtelSpanOptions',
  'ProcessFigures',
  'ServerHealth',
  'SetResult',
  'StepResult',
  'StoreStats',
  'TierExplanation',
  'TraceRecord',
  'TrailedChange',
  'WrongKey',
  'advice',
  'status',
])

// Adapters also declare what their hosts hand to them, in the form that the hosts have given it.
const ADAPTERS = new Set(
  readEntryPoints(join(import.meta.dirname, '../..'))
    .filter(({ isIntegration }) => isIntegration)
    .map(({ name }) => `${name}.d.cts`),
)

let user: InstalledProject

beforeAll(() => {
  user = installPackage()
})

afterAll(() => {
  user?.remove()
})

it('accepts undefined for every option, also under exactOptionalPropertyTypes', () => {
  const paths = user.files.filter((name) => name.endsWith('.d.cts')).map((name) => join(user.installed, name))
  const optional = paths.flatMap((path) => optionalOf(path))

  expect(optional.map(({ name }) => name)).toEqual(
    expect.arrayContaining([
      'CacheOptions.logger',
      'EntryOptions.ttl',
      'EntryOptions.grace',
      'LoadOptions.jitter',
      'ConnectionOptions.tls',
    ]),
  )
  expect(optional.filter((one) => !one.acceptsUndefined).map(({ name }) => name)).toEqual([])
})

function optionalOf(path: string): readonly { readonly name: string; readonly acceptsUndefined: boolean }[] {
  const file = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.ES2023, true)
  const found: { name: string; acceptsUndefined: boolean }[] = []
  visit(file)
  return found

  function visit(node: ts.Node): void {
    if (ts.isPropertySignature(node) && node.questionToken !== undefined) {
      const owner = ownerOf(node)
      const isOfHost = ADAPTERS.has(basename(path)) && !owner.endsWith('Options')
      if (!ANSWERS.has(owner) && !isOfHost) {
        const acceptsUndefined = node.type !== undefined && hasUndefined(node.type)
        found.push({ name: `${owner}.${node.name.getText()}`, acceptsUndefined })
      }
    }
    ts.forEachChild(node, visit)
  }
}

function hasUndefined(type: ts.TypeNode): boolean {
  if (ts.isUnionTypeNode(type)) return type.types.some(hasUndefined)
  return [ts.SyntaxKind.UndefinedKeyword, ts.SyntaxKind.UnknownKeyword].includes(type.kind)
}

function ownerOf(node: ts.Node): string {
  for (let at = node.parent; !ts.isSourceFile(at); at = at.parent) {
    const { name } = at as { name?: ts.Node }
    if (name !== undefined && ts.isIdentifier(name)) return name.text
  }
  return ''
}
