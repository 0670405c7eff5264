// A thread inherits no TypeScript loader: this file registers one, then runs the thread's own file.
import { workerData } from 'node:worker_threads'
import { register } from 'tsx/esm/api'

register()
await import(workerData.file)
