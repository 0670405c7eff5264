import { messageOf } from '../../core/logging/thrown.ts'
import { infosOf, numberOf, type Info } from '../info.ts'
import { bytesText } from '../output.ts'
import { bad, fine, type Check, type Finding } from './finding.ts'

/** The share of memory or connections in use above which a server is nearly full. */
const NEARLY_FULL = 0.9

const UNTOLD = 'look at the pages of its provider'
const RANKS: readonly Finding['state'][] = ['ok', 'warning', 'problem']

/** Checks version, role, memory and connections as the servers tell them. */
export const checkServer: Check = async (server) => {
  let infos: readonly Info[]
  try {
    infos = await infosOf(server)
  } catch (error) {
    const remedy = 'allow INFO to this user, or run the doctor as another user'
    return [bad('warning', 'server', `it does not tell its state: ${messageOf(error)}`, remedy)]
  }
  return [versionOf, roleOf, memoryOf, connectionsOf].map((check) => worstOf(infos.map(check)))
}

// One finding of several masters is enough.
function worstOf(findings: readonly Finding[]): Finding {
  const [worst] = findings.toSorted((a, b) => RANKS.indexOf(b.state) - RANKS.indexOf(a.state))
  const { length } = findings
  return length === 1 ? worst! : { ...worst!, text: `${worst!.text} (the worst of ${length} masters)` }
}

function versionOf(info: Info): Finding {
  const valkey = info.get('valkey_version')
  const version = valkey ?? info.get('redis_version')
  if (version === undefined) return bad('warning', 'version', 'the server does not tell it', UNTOLD)
  const name = `${valkey === undefined ? 'Redis' : 'Valkey'} ${version}`
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const isOld = valkey === undefined ? major < 7 : major < 7 || (major === 7 && minor < 2)
  return isOld
    ? bad('problem', 'version', `${name} is too old`, 'use Redis 7.0 or later, or Valkey 7.2 or later')
    : fine('version', name)
}

function roleOf(info: Info): Finding {
  const role = info.get('role') ?? 'unknown'
  if (role === 'slave')
    return bad(
      'problem',
      'role',
      'it is a replica, which refuses writes',
      'connect to the master, or by redis+sentinel:// or redis+cluster://',
    )
  return fine('role', role)
}

function memoryOf(info: Info): Finding {
  const policy = info.get('maxmemory_policy')
  const used = numberOf(info, 'used_memory')
  const most = numberOf(info, 'maxmemory') ?? 0
  if (policy === undefined) return bad('warning', 'maxmemory-policy', 'the server does not tell it', UNTOLD)
  if (policy !== 'noeviction')
    return bad(
      'warning',
      'maxmemory-policy',
      `${policy}: the server may evict limits, locks and the logs of changes`,
      'use a server with noeviction for limits and locks; for entries alone volatile-lfu and the like are fine',
    )
  if (used === undefined) return fine('memory', policy)
  const text = `${bytesText(used)} of ${most === 0 ? 'no limit' : bytesText(most)}, ${policy}`
  if (most > 0 && used > NEARLY_FULL * most)
    return bad(
      'problem',
      'memory',
      `${text}: it is full or nearly so, and refuses writes when it is`,
      'raise maxmemory, give entries shorter ttls, or set an eviction policy',
    )
  return fine('memory', text)
}

function connectionsOf(info: Info): Finding {
  const used = numberOf(info, 'connected_clients')
  const most = numberOf(info, 'maxclients')
  if (used === undefined) return fine('connections', 'the server does not tell their number')
  if (most === undefined) return fine('connections', String(used))
  if (used > NEARLY_FULL * most)
    return bad('warning', 'connections', `${used} of ${most} are in use`, 'raise maxclients, or use fewer')
  return fine('connections', `${used} of ${most}`)
}
