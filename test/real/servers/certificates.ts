// A certificate authority of our own, a certificate of it for 127.0.0.1 and localhost, and one for localhost alone.
// They are made once a process.
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { temporaryDirectory } from './reaper.ts'

export interface Certificates {
  /** Path of the authority's certificate, for the server. */
  readonly caFile: string
  readonly certFile: string
  readonly keyFile: string
  /** Path of a certificate with a name and no IP address. */
  readonly nameCertFile: string
  /** The text of the authority's certificate, for the client. */
  readonly ca: string
}

let made: Certificates | undefined

function make(): Certificates {
  const directory = temporaryDirectory()
  const file = (name: string): string => join(directory, name)
  const openssl = (...args: readonly string[]): void => {
    execFileSync('openssl', args, { cwd: directory, stdio: 'pipe' })
  }
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  openssl(
    'req',
    '-x509',
    ...newKey,
    '-keyout',
    'ca.key',
    '-out',
    'ca.crt',
    '-days',
    '2',
    '-subj',
    '/CN=Cachette tests',
  )
  openssl('req', ...newKey, '-keyout', 'server.key', '-out', 'server.csr', '-subj', '/CN=localhost')
  for (const [name, names] of [
    ['server', 'DNS:localhost,IP:127.0.0.1'],
    ['name', 'DNS:localhost'],
  ] as const) {
    writeFileSync(file('names'), `subjectAltName=${names}\n`)
    const signing = [
      '-CA',
      'ca.crt',
      '-CAkey',
      'ca.key',
      '-CAcreateserial',
      '-days',
      '2',
      '-extfile',
      'names',
    ]
    openssl('x509', '-req', '-in', 'server.csr', '-out', `${name}.crt`, ...signing)
  }
  return {
    caFile: file('ca.crt'),
    certFile: file('server.crt'),
    keyFile: file('server.key'),
    nameCertFile: file('name.crt'),
    ca: readFileSync(file('ca.crt'), 'utf8'),
  }
}

export function certificates(): Certificates {
  made ??= make()
  return made
}
