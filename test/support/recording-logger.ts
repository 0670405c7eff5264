import { ON_SERVER } from '../../src/core/logging/start-line.ts'
import type { Logger } from '../../src/core/logging/logger.ts'

/** One line that a cache logged. */
export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly message: string
  readonly details: object
}

/** A logger that keeps its lines. */
export class RecordingLogger implements Required<Logger> {
  readonly lines: LogLine[] = []

  debug(details: object, message: string): void {
    this.lines.push({ level: 'debug', message, details })
  }

  info(details: object, message: string): void {
    this.lines.push({ level: 'info', message, details })
  }

  warn(details: object, message: string): void {
    this.lines.push({ level: 'warn', message, details })
  }

  error(details: object, message: string): void {
    this.lines.push({ level: 'error', message, details })
  }

  /** Removes the lines that tell where caches are, for tests of what comes later. */
  forgetStart(): void {
    this.lines.splice(0, Infinity, ...this.lines.filter(({ message }) => message !== ON_SERVER))
  }

  /** Level and message of every line. */
  get summary(): readonly string[] {
    return this.lines.map(({ level, message }) => `${level}: ${message}`)
  }
}
