import { type Finding, finding } from './finding.js'
import type { LoadFacts } from './load-facts.js'

/** What is wrong with a project's packages once they are loaded together. */
export function checkLoad({ broken, doubles, sdk, lines }: LoadFacts): Finding[] {
  return [
    ...broken.map(({ name, problem }) => finding('MODULE_BROKEN', `${name} is installed and does not load: ${problem}`)),
    ...doubles.map((name) => finding('PACKAGE_COPIES', `\`import\` gives another copy of ${name} than \`require\``)),
    ...(sdk?.ok === false ? [finding('SDK_SHUT_OUT', `the project's tracing SDK was tried: ${sdk.problem}`)] : []),
    ...(['pino', 'winston'] as const).flatMap((name) => {
      const tried = lines[name]
      return tried?.ok === false ? [finding('LINES_WITHOUT_IDS', `spanlog/${name} was tried: ${tried.problem}`, { severity: 'error' })] : []
    }),
  ]
}
