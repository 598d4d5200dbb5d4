const ahead = 4

/** Works on a few items at a time and yields the results in the order of the items. */
export async function* inOrder<T, R>(items: readonly T[], work: (item: T) => Promise<R>): AsyncGenerator<R> {
  const begun: Promise<R>[] = []
  for (let index = 0; index < items.length || begun.length > 0; ) {
    for (; index < items.length && begun.length < ahead; index++) {
      const result = work(items[index] as T)
      // One that fails while an earlier one is awaited is not unhandled: its turn comes, or nobody wants it any more.
      result.catch(() => {})
      begun.push(result)
    }
    yield await (begun.shift() as Promise<R>)
  }
}
