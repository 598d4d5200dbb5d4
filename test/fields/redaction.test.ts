import pino10, { type Logger, type LoggerOptions } from 'pino'
import installed9 from 'pino9'
import { withFields, withSpan } from 'spanlog'
import { tracePino } from 'spanlog/instrument'
import { describe, expect, it, vi } from 'vitest'

const pino9 = installed9 as unknown as typeof pino10

const fields = { email: 'ada@example.com', user: { name: 'Ada', email: 'ada@example.com' }, card: 4111, paid: true }

describe.each([
  ['pino 10', pino10],
  ['pino 9', pino9],
])('the fields of the context in lines of %s', (_, pino) => {
  function line(options: LoggerOptions<string>, log: (logger: Logger<string>) => void = (logger) => logger.info('line')): string {
    const lines: string[] = []
    const logger = tracePino(pino({ timestamp: false, base: null, ...options }, { write: (text: string) => lines.push(text) }))
    withSpan('s', () => withFields(fields, () => log(logger)))
    return lines[0] ?? ''
  }

  /** What pino itself makes of the same fields, bound to a child. */
  function asBindings(options: LoggerOptions<string>): object {
    const lines: string[] = []
    pino({ timestamp: false, base: null, ...options }, { write: (text: string) => lines.push(text) })
      .child(fields)
      .info('line')
    return JSON.parse(lines[0] ?? '') as object
  }

  it.each<[string, LoggerOptions<string>]>([
    ['nothing', {}],
    ['a path at the top', { redact: ['email', 'card', 'paid'] }],
    ['a nested path', { redact: ['user.email'] }],
    ['a wildcard at the top', { redact: ['*'] }],
    ['a wildcard before a path', { redact: ['*.email'] }],
    ['removal', { redact: { paths: ['email', 'user.name', 'card'], remove: true } }],
    [
      'a censor of one’s own',
      { redact: { paths: ['email', 'user.email'], censor: (value, path) => `${path.join('.')}:${String(value).length}` } },
    ],
    ['a serializer', { serializers: { user: ({ name }: { name: string }) => name } }],
    ['a serializer and redaction', { serializers: { user: ({ name }: { name: string }) => ({ name, id: 1 }) }, redact: ['user.name'] }],
    ['a serializer that leaves nothing', { serializers: { user: () => undefined } }],
  ])('are as bindings of a child are under %s', (__, options) => {
    const { trace_id, span_id, trace_flags, ...own } = JSON.parse(line(options)) as Record<string, unknown>
    expect(own).toEqual(asBindings(options))
    // The trace's IDs are never hidden.
    expect([trace_id, span_id, trace_flags].join(' ')).toMatch(/^[0-9a-f]{32} [0-9a-f]{16} [0-9a-f]{2}$/)
  })

  it('are redacted as well in a line that has to be looked at, and in a child with redaction of its own', () => {
    expect(line({ redact: ['email', 'user.email'] }, (log) => log.info({ trace_id: 'mine' }, 'line'))).not.toContain('example.com')
    expect(line({ formatters: { log: (object) => object }, redact: ['email', 'user.email'] })).not.toContain('example.com')
    const child = line({}, (log) => log.child({}, { redact: ['email', 'user.email'] }).info('line'))
    expect(child).not.toContain('example.com')
    expect(child).toContain('Ada')
  })

  it('are left out where the censor or serializer throws, while the line is written', () => {
    vi.spyOn(process, 'emitWarning').mockReturnValue()
    const broken = (): never => {
      throw new Error('broken')
    }
    for (const options of [{ serializers: { card: broken } }, { redact: { paths: ['card'], censor: broken } }]) {
      expect(line(options)).toContain('"msg":"line"')
      expect(line(options)).not.toContain('4111')
    }
    vi.restoreAllMocks()
  })
})
