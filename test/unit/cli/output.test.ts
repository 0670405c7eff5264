// Keys and values are text from anywhere. On a terminal they must not be commands.
import { describe, expect, it } from 'vitest'
import { Output } from '../../../src/cli/output.ts'

const EVIL = 'a\u001B[2J\u001B[8m\u009B31m\u0007\nb'

function written(isTerminal: boolean, write: (output: Output) => void): { out: string; err: string } {
  const texts = { out: '', err: '' }
  const output = new Output(
    {
      out: { write: (text) => void (texts.out += text) },
      err: { write: (text) => void (texts.err += text) },
      env: { NO_COLOR: '1' },
      version: '1.2.3',
      isTerminal,
    },
    false,
  )
  write(output)
  return texts
}

describe('output', () => {
  it.each([true, false])('of a table has no control characters; on a terminal: %s', (isTerminal) => {
    const { out } = written(isTerminal, (output) => output.table(['key'], [[EVIL]]))

    expect(out).toContain(String.raw`a\x1b[2J\x1b[8m\x9b31m\x07\x0ab`)
  })

  it('of a value is as it is in a pipe, and harmless on a terminal', () => {
    const write = (output: Output): void => output.line(EVIL)

    expect(written(false, write).out).toBe(`${EVIL}\n`)
    expect(written(true, write).out).toBe(String.raw`a\x1b[2J\x1b[8m\x9b31m\x07` + '\nb\n')
  })

  it('of findings and notes is harmless', () => {
    expect(written(true, (output) => output.marked('red', 'problem', `: ${EVIL}`)).out).toBe(
      String.raw`problem: a\x1b[2J\x1b[8m\x9b31m\x07\x0ab` + '\n',
    )
    expect(written(true, (output) => output.note(EVIL)).err).not.toContain('\u001B')
  })
})
