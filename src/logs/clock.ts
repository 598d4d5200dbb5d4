/** Lines of clocks that are ten minutes ahead are asked for anyway. */
const tolerableMs = 300_000

/**
 * What a wrong clock says against a verdict: a window that ends now ends when this machine thinks that it is now.
 *
 * @param aheadMs - how far the store's clock is ahead of this one
 * @param to - the caller's end of the window
 */
export function clockDoubts(store: string, aheadMs: number, to: bigint | undefined): { code: string; message: string }[] {
  if (to !== undefined || Math.abs(aheadMs) < tolerableMs) return []
  const minutes = Math.round(Math.abs(aheadMs) / 60_000)
  const message = `this machine's clock is ${minutes} minutes ${aheadMs > 0 ? 'behind' : 'ahead of'} that of ${store}, so a window that ends now is not the one that is meant; set the clock, or give both ends (--from, --to)`
  return [{ code: 'CLOCKS_DIFFER', message }]
}
