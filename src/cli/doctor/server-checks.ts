import { messageOf } from '../../core/logging/thrown.ts'
import { infoOf, type Info } from '../info.ts'
import { bytesText } from '../output.ts'
import { bad, fine, type Check, type Finding } from './finding.ts'

/** The share of memory or connections in use above which a server is nearly full. */
const NEARLY_FULL = 0.9

/** Checks version, role, memory and connections as the server tells them. */
export const checkServer: Check = async (server) => {
  let info: Info
  try {
    info = await infoOf(server)
  } catch (error) {
    const remedy = 'allow INFO to this user, or run the doctor as another user'
    return [bad('warning', 'server', `it does not tell its state: ${messageOf(error)}`, remedy)]
  }
  return [versionOf(info), roleOf(info), ...memoryOf(info), connectionsOf(info)]
}

function versionOf(info: Info): Finding {
  const valkey = info.get('valkey_version')
  const version = valkey ?? info.get('redis_version') ?? ''
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

function memoryOf(info: Info): readonly Finding[] {
  const policy = info.get('maxmemory_policy') ?? 'unknown'
  const used = Number(info.get('used_memory'))
  const most = Number(info.get('maxmemory'))
  const text = `${bytesText(used)} of ${most === 0 ? 'no limit' : bytesText(most)}, ${policy}`
  if (policy !== 'noeviction')
    return [
      bad(
        'warning',
        'maxmemory-policy',
        `${policy}: the server may evict limits, locks and the logs of changes`,
        'use a server with noeviction for limits and locks; for entries alone volatile-lfu and the like are fine',
      ),
    ]
  if (most > 0 && used > NEARLY_FULL * most)
    return [
      bad(
        'problem',
        'memory',
        `${text}: it is full or nearly so, and refuses writes when it is`,
        'raise maxmemory, give entries shorter ttls, or set an eviction policy',
      ),
    ]
  return [fine('memory', text)]
}

function connectionsOf(info: Info): Finding {
  const used = Number(info.get('connected_clients'))
  const most = Number(info.get('maxclients') ?? Infinity)
  if (used > NEARLY_FULL * most)
    return bad('warning', 'connections', `${used} of ${most} are in use`, 'raise maxclients, or use fewer')
  return fine('connections', `${used} of ${most}`)
}
