import { spawn, spawnSync } from 'node:child_process'
import path from 'node:path'
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http'
import { startTracing } from 'spanlog/tracing'
import { describe, expect, it } from 'vitest'
import { tracerProvider } from '../../src/context/active.js'

const root = path.resolve(import.meta.dirname, '../..')
const env = { ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('OTEL_'))), PORT: '0' }

/** Runs the example, asks it once, and gives what it wrote. */
async function asked(
  example: string,
  args: string[],
  url: string,
  enough: (output: string) => boolean,
): Promise<{ answer: string; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, args, { cwd: path.join(root, 'examples', example), env, stdio: ['ignore', 'pipe', 'pipe'] })
  const output = { stdout: '', stderr: '' }
  let answer = ''
  try {
    await new Promise<void>((resolve, reject) => {
      child.on('exit', () => reject(new Error(output.stderr)))
      const look = (stream: 'stdout' | 'stderr') => (text: string) => {
        output[stream] += text
        const [, port] = /"port":(\d+)/.exec(output.stdout) ?? []
        if (port !== undefined && answer === '') {
          answer = ' '
          fetch(`http://localhost:${port}${url}`).then(
            async (response) => {
              answer = await response.text()
              if (enough(output.stdout + output.stderr)) resolve()
              return undefined
            },
            (error: unknown) => reject(error as Error),
          )
        }
        if (answer.trim() !== '' && enough(output.stdout + output.stderr)) resolve()
      }
      child.stdout.setEncoding('utf8').on('data', look('stdout'))
      child.stderr.setEncoding('utf8').on('data', look('stderr'))
    })
  } finally {
    child.removeAllListeners('exit')
    child.kill()
  }
  return { answer, ...output }
}

describe('a service without tracing code', () => {
  it('is traced by the instrumentations that are installed, loaded before it: the example', async () => {
    const isWhole = (output: string) => (output.match(/trace_id=/g)?.length ?? 0) >= 5
    const { answer, stdout, stderr } = await asked(
      'auto-instrumented',
      ['--import', './tracing.mjs', 'service.mjs'],
      '/greetings/7',
      isWhole,
    )
    expect(answer).toBe('Hello, reader 7\n')
    const spans = [...stderr.matchAll(/ms (?:\w+ )?(\w+) "([^"]*)" trace_id=(\w+)/g)].map(([, kind, name, traceId]) => ({
      kind,
      name,
      traceId,
    }))
    expect(spans.map(({ kind, name }) => `${kind} ${name}`).toSorted()).toEqual([
      'client GET',
      'internal request handler',
      'internal request handler',
      'server GET /greetings/:id',
      'server GET /names/:id',
    ])
    const line = stdout.split('\n').find((text) => text.includes('"greeting"'))
    expect(new Set([...spans.map(({ traceId }) => traceId), (JSON.parse(line ?? '{}') as { trace_id: string }).trace_id]).size).toBe(1)
  })

  it('has no span twice where our adapters are at work as well', () => {
    const { stdout, stderr } = spawnSync(process.execPath, [path.join(import.meta.dirname, 'beside-adapters.mjs')], {
      encoding: 'utf8',
      env,
    })
    expect(stderr).toBe('')
    expect((JSON.parse(stdout) as string[]).toSorted()).toEqual(['client GET', 'server GET /greetings/:id', 'server GET /names/:id'])
  })
})

describe('instrumentations that are named', () => {
  it('are made, or taken as they are given', async () => {
    const own = new HttpInstrumentation()
    const tracing = startTracing({ exporters: [], instrumentations: ['undici', own] })
    expect(own.isEnabled()).toBe(true)
    await tracing.shutdown()
    expect(own.isEnabled()).toBe(false)
  })

  it.each<[string, unknown, string, RegExp]>([
    ['one that does not exist', ['htpp'], 'INVALID_OPTION', /`instrumentations\[0\]` to be one of http, undici/],
    ['what is no list', 'all', 'INVALID_OPTION', /`instrumentations` to be 'auto' or an array/],
    ['one whose package is missing', ['fastify'], 'PEER_MISSING', /@fastify\/otel.*npm install "@fastify\/otel@/],
  ])('are refused: %s', (_, instrumentations, code, message) => {
    expect(() => startTracing({ exporters: [], instrumentations: instrumentations as never })).toThrowError(
      expect.objectContaining({ code, message: expect.stringMatching(message) as string }),
    )
    expect(tracerProvider()).toBeUndefined()
  })
})

describe('the example of an endpoint for diagnostics', () => {
  it('shows the trace of a request with its lines, redacted', async () => {
    const script = `
      const traceId = (await (await fetch(base + '/orders')).text()).trim()
      for (;;) {
        const response = await fetch(base + '/debug/traces/' + traceId)
        if (response.status === 200) { console.log(JSON.stringify(await response.json())); break }
        await new Promise((resolve) => setTimeout(resolve, 50))
      }`
    const child = spawn(process.execPath, ['main.mjs'], {
      cwd: path.join(root, 'examples/debug-endpoint'),
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    try {
      const port = await new Promise<string>((resolve) => {
        let text = ''
        child.stdout.setEncoding('utf8').on('data', (more: string) => {
          text += more
          const [, found] = /"port":(\d+)/.exec(text) ?? []
          if (found !== undefined) resolve(found)
        })
      })
      const { stdout } = spawnSync(
        process.execPath,
        ['--input-type=module', '--eval', `const base = 'http://127.0.0.1:${port}';${script}`],
        {
          encoding: 'utf8',
        },
      )
      const shown = JSON.parse(stdout) as { trace: { spans: { name: string }[] }; lines: object[]; reasons: { code: string }[] }
      expect(shown.trace.spans.map(({ name }) => name)).toEqual(['GET', 'charge card'])
      expect(shown.lines).toEqual([expect.objectContaining({ msg: 'charged', orderId: 'A-17', password: '[REDACTED]' })])
    } finally {
      child.kill()
    }
  })
})
