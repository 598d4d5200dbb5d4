const checks = ['pino', 'winston', 'context', 'http', 'tracing', 'query', 'register', 'types']

/** @returns what did not work, one sentence each */
export function problems(outcome) {
  return Object.entries(outcome).flatMap(([check, result]) => (result === true || check === 'cause' ? [] : [`${check}: ${result}`]))
}

export function table(results) {
  const cell = (outcome, check) => (outcome[check] === true ? 'yes' : outcome[check] === undefined ? '' : 'no')
  const lines = results.map(
    ({ area, name, outcome }) => `| ${area} | ${name} | ${checks.map((check) => cell(outcome, check)).join(' | ')} |`,
  )
  const notes = results.flatMap(({ area, name, outcome }) => problems(outcome).map((text) => `- ${area} ${name}: ${text}`))
  const head = `| | | ${checks.join(' | ')} |\n| --- | --- |${' --- |'.repeat(checks.length)}`
  return `${head}\n${lines.join('\n')}\n${notes.length === 0 ? '' : `\n${notes.join('\n')}\n`}`
}
