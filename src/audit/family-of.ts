/** Returns the template of a key within its cache, such as `user:{id}`, under which its figures are counted. */
export function familyOf(key: string): string {
  const at = key.search(/[[{]/)
  const [plain, params] = at > 0 && key[at - 1] === ':' ? [key.slice(0, at - 1), ':{params}'] : [key, '']
  const parts = plain.split(':')
  if (parts.length === 1) return params === '' ? '{key}' : `${plain}${params}`
  const shown = parts.map((part, index) => {
    const isLast = index === parts.length - 1 && params === ''
    return index === 0 || (!isLast && /^[A-Za-z_-]+$/.test(part)) || (params !== '' && !/\d/.test(part))
      ? part
      : '{id}'
  })
  return shown.join(':') + params
}
