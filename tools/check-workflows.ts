// Reads every file of .github: it has to be YAML of the right form, run commands that exist, use actions of a known
// release, hold no secrets and name no registry; and the steps of .ci/run have to be jobs.
import { Workflows } from './workflows.ts'

const { count, objections } = new Workflows(process.cwd())
for (const objection of objections) console.error(objection)
console.log(`workflows: ${count} files, ${objections.length} objections`)
process.exitCode = objections.length === 0 && count > 0 ? 0 : 1
