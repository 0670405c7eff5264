// No process outlives the tests. Each test process has one shell beside it that reads pids of servers. As soon as its
// input ends, the shell kills them and removes their directories. That happens however the test process ended.
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
  // The shell has its own process group, because an interrupt from the keyboard must not end it before the tests.
  const shell = spawn('/bin/sh', ['-c', script, 'reaper', root], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  shell.unref()
  shell.stdin.on('error', () => undefined)
  ;(shell.stdin as typeof shell.stdin & { unref(): void }).unref()
  return { root, write: (line) => void shell.stdin.write(`${line}\n`) }
}

/** Makes a directory that is removed at the end of this process. */
export function temporaryDirectory(): string {
  reaper ??= startReaper()
  return mkdtempSync(join(reaper.root, 'd-'))
}

/** Has a process killed when this one ends. */
export function mind(pid: number): void {
  reaper ??= startReaper()
  reaper.write(`+ ${pid}`)
}

/** Forgets a process that has ended, because another process may have its pid now. */
export function forget(pid: number): void {
  reaper?.write(`- ${pid}`)
}
