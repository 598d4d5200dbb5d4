/** What a transport has done. A line that it took is `sent`, `refused` or `dropped` in the end, or waits. */
export interface LokiStats {
  /** Lines that the logger handed over. */
  lines: number
  /** Lines that Loki took, also those that an earlier process left in the spool. */
  sent: number
  /** Lines that Loki will never take, by what it said: too long, too old. */
  refused: number
  /** Lines that found the spool full or the disk unwritable; without a spool also those that were not sent when the process ended. */
  dropped: number
  /** Records of the spool that cannot be read any more: torn by a crash of the machine, or changed by somebody else. */
  damaged: number
  /** Bytes that wait. */
  waitingBytes: number
  /** Requests that Loki answered, or did not. */
  requests: number
  /** Those of them that have to be sent again. */
  retries: number
  /** Why lines wait: what the latest request came to, unless it was taken. */
  problem?: string
}

export function noStats(): LokiStats {
  return { lines: 0, sent: 0, refused: 0, dropped: 0, damaged: 0, waitingBytes: 0, requests: 0, retries: 0 }
}
