import { isIP } from 'node:net'
import { checkServerIdentity, type PeerCertificate } from 'node:tls'

type Check = (host: string, certificate: PeerCertificate) => Error | undefined

/**
 * Returns TLS options for the nodes of a cluster. Nodes tell each other's addresses as IP addresses, while their
 * certificates contain names. A certificate for a host name of the URL is therefore accepted for a node that is only
 * known by IP address. Names that the user sets take precedence.
 */
export function withServerNames(tls: object, hosts: readonly string[]): object {
  if ('servername' in tls || 'checkServerIdentity' in tls || Reflect.get(tls, 'rejectUnauthorized') === false)
    return tls
  const names = hosts.filter((host) => isIP(host) === 0)
  if (names.length === 0) return tls
  const check: Check = (host, certificate) => {
    const error = checkServerIdentity(host, certificate)
    if (error === undefined || isIP(host) === 0) return error
    return names.some((name) => checkServerIdentity(name, certificate) === undefined) ? undefined : error
  }
  return { ...tls, checkServerIdentity: check }
}
