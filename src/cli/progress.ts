import type { LogStats } from '../logs/index.js'
import { count } from '../view/count.js'
import { sizeText } from './costs.js'
import type { Session } from './session.js'

const firstMs = 1000
const everyMs = 250

/**
 * A line at the end of the terminal that says how far a long query is; shown after a second, and until something is printed there.
 *
 * @returns ends it
 */
export function showProgress(session: Session, lines: () => number, stats: () => Readonly<LogStats>): () => void {
  if (!session.canShowProgress) return () => {}
  const start = Date.now()
  const tick = (): void => {
    const { requests, bytes, retries, lookedBackTo } = stats()
    const told = [
      `${count(lines(), 'line')}${lookedBackTo === undefined ? '' : ` since ${lookedBackTo.slice(0, 16)}Z`}`,
      ...(requests > 0 ? [count(requests, 'request')] : []),
      ...(retries > 0 ? [`${retries} sent again`] : []),
      sizeText(bytes),
      `${Math.round((Date.now() - start) / 1000)} s`,
    ]
    session.progress(told.join(', '))
  }
  let timer: NodeJS.Timeout = setTimeout(() => {
    tick()
    timer = setInterval(tick, everyMs)
    timer.unref()
  }, firstMs)
  timer.unref()
  return () => {
    clearTimeout(timer)
    session.progress(undefined)
  }
}
