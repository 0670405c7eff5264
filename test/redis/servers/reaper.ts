// Nothing outlives the tests: each test process has one shell beside it that reads which pids to mind, and kills them
// and removes their directories as soon as its input ends. That happens however the test process ended.
import { spawn } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const script = `
pids=' '
while read -r sign pid; do
  case $sign in
    +) pids="$pids$pid " ;;
    -) pids="\${pids%% $pid *} \${pids#* $pid }" ;;
  esac
done
for pid in $pids; do kill -KILL "$pid" 2>/dev/null; done
rm -rf "$1"
`

interface Reaper {
  readonly root: string
  write(line: string): void
}

let reaper: Reaper | undefined

function startReaper(): Reaper {
  const root = mkdtempSync(join(tmpdir(), 'cachette-redis-'))
  // Its own process group: an interrupt from the keyboard must not end it before the tests.
  const shell = spawn('/bin/sh', ['-c', script, 'reaper', root], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  shell.unref()
  shell.stdin.on('error', () => undefined)
  ;(shell.stdin as typeof shell.stdin & { unref(): void }).unref()
  return { root, write: (line) => void shell.stdin.write(`${line}\n`) }
}

/** A new directory that goes when this process does. */
export function temporaryDirectory(): string {
  reaper ??= startReaper()
  return mkdtempSync(join(reaper.root, 'd-'))
}

/** Kills the process when this one ends. */
export function mind(pid: number): void {
  reaper ??= startReaper()
  reaper.write(`+ ${pid}`)
}

/** The process has ended: its pid may be anybody's now. */
export function forget(pid: number): void {
  reaper?.write(`- ${pid}`)
}
