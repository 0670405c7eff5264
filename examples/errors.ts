// Errors of the library are told from all others, whatever copy of the package threw them.
import { isCacheError, KeyError } from 'cachette'

for (const error of [new KeyError('The key is empty.'), new Error('no such table: users')]) {
  console.log(isCacheError(error) ? error.code : 'not ours', '-', error.message)
}
