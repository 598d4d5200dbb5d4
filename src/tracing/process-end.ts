const signals = ['SIGTERM', 'SIGINT'] as const

/**
 * Calls `flush` at the natural end of the process. At a signal that would end it calls `shutdown`, then raises the signal again, so
 * that the exit status is the one the signal gives. A host with a listener of its own for the signal decides itself when to end: there
 * `flush` is called and nothing is raised. A second signal does not wait. Listeners of the package signal-exit do not count: they
 * end the process themselves, but only where they are alone, as they are once ours is taken away.
 *
 * @param flush - must not reject
 * @param shutdown - must not reject, and must end in bounded time
 * @returns takes the listeners away again
 */
export function atProcessEnd(flush: () => Promise<void>, shutdown: () => Promise<void>): () => void {
  let ending = false
  const onSignal = (signal: NodeJS.Signals): void => {
    if (process.listenerCount(signal) - 1 > signalExitCount()) {
      void flush()
      return
    }
    const raise = (): void => {
      detach()
      process.kill(process.pid, signal)
    }
    if (ending) return raise()
    ending = true
    void shutdown().then(raise)
  }
  const onNaturalEnd = (): void => void flush()
  // Ahead of others: a host's `once` listener that has run no longer counts.
  for (const signal of signals) process.prependListener(signal, onSignal)
  process.on('beforeExit', onNaturalEnd)
  return detach

  function detach(): void {
    for (const signal of signals) process.removeListener(signal, onSignal)
    process.removeListener('beforeExit', onNaturalEnd)
  }
}

/** How many listeners of each signal are signal-exit's, which many tools bring along: version 4 and version 3 say so in globals. */
function signalExitCount(): number {
  const four = (globalThis as { [key: symbol]: { count?: number } | undefined })[Symbol.for('signal-exit emitter')]
  const three = (process as { __signal_exit_emitter__?: { count?: number } }).__signal_exit_emitter__
  return (four?.count ?? 0) + (three?.count ?? 0)
}
