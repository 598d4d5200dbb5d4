import { type Finding, finding } from './finding.js'
import type { Imports } from './imports.js'

/** What the code of a project leaves untraced, or does twice. */
export function checkImports({ places, preloads, texts }: Imports, installed: (name: string) => boolean): Finding[] {
  const has = (name: string): boolean => places.has(name) || preloads.includes(name)
  const findings: Finding[] = []

  for (const logger of ['pino', 'winston'] as const) {
    const direct = places.get(logger)
    const reached = ['spanlog/register', 'spanlog/instrument', `@opentelemetry/instrumentation-${logger}`, automatic].some(has)
    if (direct !== undefined && !reached) {
      findings.push(
        finding('LOGGER_NOT_REACHED', `${logger} is imported by itself, and nothing makes its loggers trace-aware`, { paths: [...direct] }),
      )
    }
    const theirs = [`@opentelemetry/instrumentation-${logger}`, automatic].find(has)
    const ours = [`spanlog/${logger}`, 'spanlog/register', 'spanlog/instrument'].find(has)
    if (theirs !== undefined && ours !== undefined) {
      const what = `${theirs} and ${ours} both put the trace into lines of ${logger}: the IDs are there once, the work is done twice`
      findings.push(finding('TRACED_TWICE', what, { paths: [...(places.get(theirs) ?? []), ...(places.get(ours) ?? [])] }))
    }
  }

  const http = ['@opentelemetry/instrumentation-http', automatic].find(has)
  const edge = ['spanlog/http', 'spanlog/fastify', 'spanlog/koa', 'spanlog/hono', 'spanlog/nestjs'].find(has)
  if (http !== undefined && edge !== undefined) {
    const what = `${http} and ${edge} both serve requests: the edge goes on in the span that is there, and its option \`incoming\` has no say`
    findings.push(finding('TRACED_TWICE', what, { paths: [...(places.get(http) ?? []), ...(places.get(edge) ?? [])] }))
  }

  const strangers = [...texts].filter(([, text]) => !/correlationId|currentTrace|trace_?id/i.test(text)).map(([file]) => file)
  if (strangers.length > 0 && [...places.keys()].some((name) => /^spanlog(?:\/|$)/.test(name))) {
    findings.push(
      finding('REQUEST_ID_TWICE', 'pino-http makes an ID of its own for each request, beside the trace ID', { paths: strangers }),
    )
  }

  for (const [entry, packages] of Object.entries(needs)) {
    const missing = has(entry) ? packages.filter((name) => !installed(name)) : []
    for (const name of missing) {
      const what = `${entry} needs ${name}, which is not installed`
      findings.push(finding('PEER_MISSING', what, { paths: [...(places.get(entry) ?? [])], remedy: `npm install ${name}` }))
    }
  }
  return findings
}

const automatic = '@opentelemetry/auto-instrumentations-node'

/** What a public name of ours loads when it is used. */
const needs: Readonly<Record<string, readonly string[]>> = {
  'spanlog/pino': ['pino'],
  'spanlog/winston': ['winston'],
  'spanlog/grpc': ['@grpc/grpc-js'],
}
