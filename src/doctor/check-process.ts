import { areTrouble, dedupe } from './check-packages.js'
import type { ProcessFacts } from './facts.js'
import { type Finding, finding } from './finding.js'
import { versionOf } from './semver.js'

const api = '@opentelemetry/api'

/** What is wrong in a process that runs. */
export function checkProcess(facts: ProcessFacts): Finding[] {
  return [...checkRegistered(facts), ...checkLoaded(facts), ...checkLoggers(facts)]
}

function checkRegistered({ provider, contextManager, propagator, apiVersion }: ProcessFacts): Finding[] {
  if (provider === undefined) {
    return [finding('NO_PROVIDER', 'no tracer provider is registered: no span is recorded, whether lines have trace IDs or not')]
  }
  const findings: Finding[] = []
  if (provider === 'none behind the proxy') {
    findings.push(finding('NO_PROVIDER', 'a provider is registered that has nothing behind it, so that no span records'))
  }
  const besides = `beside the provider ${provider} (API ${apiVersion})`
  if (contextManager === undefined) {
    findings.push(finding('NO_CONTEXT_MANAGER', `no context manager is registered ${besides}: no span knows its parent`))
  }
  if (propagator === undefined || propagator.length === 0) {
    findings.push(finding('NO_PROPAGATOR', `no propagator is registered ${besides}: the trace ends where the process does`))
  }
  return findings
}

function checkLoaded({ loaded, apiVersion, provider }: ProcessFacts): Finding[] {
  const findings: Finding[] = []
  for (const { name, version, path, seesProvider } of loaded) {
    if (name !== api || apiVersion === undefined || provider === undefined) continue
    if (seesProvider === false || !seesGlobals(version, apiVersion)) {
      const what = `${api} ${version} was loaded where ${apiVersion} had registered: who uses this copy gets no span, no context, nothing`
      findings.push(finding('API_SHUT_OUT', what, { paths: [path] }))
    } else if (version !== apiVersion) {
      const what = `${api} ${version} was loaded where ${apiVersion} had registered: it sees what is there, and can register nothing`
      findings.push(finding('API_SHUT_OUT', what, { paths: [path], severity: 'warning' }))
    }
  }
  for (const name of new Set(loaded.map((one) => one.name))) {
    const copies = loaded.filter((one) => one.name === name)
    if (name === api || !areTrouble(copies)) continue
    const paths = copies.map((one) => `${one.path} (${one.version})`)
    findings.push(
      finding('PACKAGE_COPIES', `${copies.length} copies of ${name} were loaded into one process`, { paths, remedy: dedupe(name) }),
    )
  }
  return findings
}

/**
 * By the rule of OpenTelemetry's API: a copy sees what a newer one has registered, and not the other way round.
 *
 * @see https://github.com/open-telemetry/opentelemetry-js/blob/main/api/src/internal/semver.ts
 */
export function seesGlobals(own: string, registered: string): boolean {
  const [mine, theirs] = [versionOf(own), versionOf(registered)]
  if (own === registered || mine === undefined || theirs === undefined) return own === registered
  if (/-/.test(own) || /-/.test(registered) || mine[0] !== theirs[0]) return false
  return mine[0] === 0 ? mine[1] === theirs[1] && mine[2] <= theirs[2] : mine[1] <= theirs[1]
}

/** Whether no logger was at work. */
export function isQuiet({ lines: { aware, others }, made }: ProcessFacts): boolean {
  return aware + others + made === 0
}

function checkLoggers(facts: ProcessFacts): Finding[] {
  const { unreached, main } = facts
  if (isQuiet(facts)) return [finding('RUN_QUIET', `no logger of pino or winston was at work in ${main || 'the process'}`)]
  return unreached.map(({ logger, place, lines = 0, linesInTrace = 0 }) => {
    const isCertain = linesInTrace > 0
    const wrote = isCertain ? `wrote ${linesInTrace} of its ${lines} lines in a trace, without its IDs` : 'is not trace-aware'
    return finding('LOGGER_NOT_REACHED', `a logger of ${logger} ${wrote}`, { paths: [place], ...(isCertain && { severity: 'error' }) })
  })
}
