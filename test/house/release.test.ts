import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Fixture, makeFixture } from './fixture.ts'

describe('the release tool', () => {
  let fixture: Fixture
  const text = (name: string): string => readFileSync(join(fixture.root, name), 'utf8')

  beforeEach(() => {
    fixture = makeFixture()
    const manifest = { name: 'planted', version: '0.9.0' }
    fixture.write('package.json', JSON.stringify(manifest))
    fixture.write('package-lock.json', JSON.stringify({ ...manifest, packages: { '': manifest } }))
    fixture.write(
      'CHANGELOG.md',
      '# Changelog\n\n## [Unreleased]\n\n### Added\n\n- A thing.\n\n## [0.9.0] - 2026-01-01\n\n- Old.',
    )
  })

  afterEach(() => {
    fixture.remove()
  })

  it('makes what is unreleased a version, in the changelog, the manifest and its lock', () => {
    const { status } = fixture.run('release', '1.0.0-rc.1', '--date', '2026-02-01')

    expect(status).toBe(0)
    expect(text('CHANGELOG.md')).toContain(
      '## [Unreleased]\n\n## [1.0.0-rc.1] - 2026-02-01\n\n### Added\n\n- A thing.\n',
    )
    expect(JSON.parse(text('package.json'))).toMatchObject({ version: '1.0.0-rc.1' })
    expect(JSON.parse(text('package-lock.json'))).toMatchObject({
      version: '1.0.0-rc.1',
      packages: { '': { version: '1.0.0-rc.1' } },
    })
  })

  it('says what it would do, and writes nothing, if it is a rehearsal', () => {
    const before = ['CHANGELOG.md', 'package.json', 'package-lock.json'].map(text)
    const { status, output } = fixture.run('release', '1.0.0-rc.1', '--dry-run', '--date', '2026-02-01')

    expect(status).toBe(0)
    expect(output.split('\n').slice(0, 3)).toEqual([
      'CHANGELOG.md: "## [1.0.0-rc.1] - 2026-02-01" over 1 changes',
      'package.json: version 0.9.0 becomes 1.0.0-rc.1',
      'package-lock.json: version 0.9.0 becomes 1.0.0-rc.1',
    ])
    expect(['CHANGELOG.md', 'package.json', 'package-lock.json'].map(text)).toEqual(before)
    expect(fixture.run('release', '0.9.0', '--dry-run').status).toBe(1)
  })

  it('tells the notes and the tag on npm of the version', () => {
    fixture.run('release', '1.0.0-rc.1')

    expect(fixture.run('release', '--notes').output).toBe('### Added\n\n- A thing.\n')
    expect(fixture.run('release', '--dist-tag').output).toBe('next\n')
    expect(fixture.run('release', '--check', 'v1.0.0-rc.1').status).toBe(0)
    expect(fixture.run('release', '--check', 'v1.0.0').status).toBe(1)
  })

  it('goes from a pre-release to its release, which is the latest on npm', () => {
    fixture.run('release', '1.0.0-rc.2')
    fixture.write(
      'CHANGELOG.md',
      text('CHANGELOG.md').replace('## [Unreleased]\n', '## [Unreleased]\n\n- More.\n'),
    )

    expect(fixture.run('release', '1.0.0').status).toBe(0)
    expect(fixture.run('release', '--dist-tag').output).toBe('latest\n')
  })

  it.each([
    ['0.9.0', /is not newer than 0\.9\.0/],
    ['0.8.9', /is not newer/],
    ['0.9.0-rc.1', /is not newer/],
    ['v1.0.0', /is no version such as/],
    ['1.0', /is no version such as/],
  ])('refuses the version %s', (version, reason) => {
    const { status, errors } = fixture.run('release', version)

    expect(status).toBe(1)
    expect(errors).toMatch(reason)
  })

  it('refuses a release without a change', () => {
    fixture.run('release', '1.0.0')

    expect(fixture.run('release', '1.0.1').errors).toMatch(/nothing under "Unreleased"/)
  })
})
