/** Date and time of day in UTC, empty where there is none; a time past what a Date can hold stays a number. */
export function momentOf(unixNano: bigint | undefined): [date: string, time: string] {
  if (unixNano === undefined) return ['', '']
  const date = new Date(Number(unixNano / 1_000_000n))
  if (Number.isNaN(date.getTime())) return [`${unixNano} ns`, '']
  const [day = '', time = ''] = date.toISOString().split('T')
  return [day, time.slice(0, -1)]
}
