import { describe, expect, it } from 'vitest'
import { readLine } from '../../src/logs/entry.js'
import { levelSift } from '../../src/logs/files/sift.js'

const words = ['info', 'warn', 'WARNING', 'Error', 'err', 'severe', 'crit', 'alert', 'fatal', 'panic', 'emerg', 'eRRoR']
const numbers = ['9', '13', '17', '21', '24', '30', '40', '45', '50', '60', '100', '017', '1.7e1', '.17e2', '0x11', '4e1']

const ofWord: Record<string, (word: string) => string> = {
  JSON: (word) => `{"level":"${word}","msg":"x"}`,
  'JSON under another name': (word) => `{"log":{"level":"${word}"},"msg":"x"}`,
  'JSON with escapes': (word) => `{"level":"\\u00${word.charCodeAt(0).toString(16)}${word.slice(1)}"}`,
  'a nested object': (word) => `{"severity":{"id":1,"text":"${word}"}}`,
  "Docker's": (word) => JSON.stringify({ log: `${JSON.stringify({ level: word })}\n`, stream: 'stdout', time: '2026-11-21T00:00:00Z' }),
  logfmt: (word) => `time=2026-11-21T00:00:00Z level=${word} msg=x`,
  text: (word) => `2026-11-21T00:00:00Z ${word.toUpperCase()} x`,
  colours: (word) => `2026-11-21T00:00:00Z \u001b[31m${word.toUpperCase()}\u001b[39m x`,
}
const ofNumber: Record<string, (number: string) => string> = {
  "pino's": (number) => `{"level":${Number(number)},"msg":"x"}`,
  'a text': (number) => `{"level" : "${number}","msg":"x"}`,
  "OpenTelemetry's": (number) => `{"severityNumber":${Number(number)}}`,
  'its number as a text': (number) => `{"severity_number":" +${number}"}`,
  'a nested object': (number) => `{"severity":{"text":"own","number":${Number(number)}}}`,
  "Serilog's": (number) => `{"@l":${Number(number)}}`,
  'a short name': (number) => `{"lvl.":"${number}"}`,
  logfmt: (number) => `log_level="${number}" msg=x`,
  "Docker's": (number) =>
    JSON.stringify({ log: `${JSON.stringify({ level: Number(number) })}\n`, stream: 'stdout', time: '2026-11-21T00:00:00Z' }),
  "CRI-O's": (number) => `2026-11-21T03:44:00.123456789Z stdout F {"level":${Number(number)}}`,
}
const docker = (log: string): string => JSON.stringify({ log, stream: 'stdout', time: '2026-11-21T00:00:00Z' })
const ofContent: Record<string, (level: string) => string> = {
  'tabs behind names, in a text': (level) => docker(`{"level":\t${level}}\n`),
  'cut by a runtime': (level) =>
    `${docker(`{"msg":"${'x'.repeat(16_000)}","level":${level.slice(0, 2)}`)}\n${docker(`${level.slice(2)}}\n`)}`,
}
const priorities = ['<11>1 2026-11-21T03:44:00Z host app - - - x', '<8>Nov 21 03:44:00 host app[1]: x']

const lines = [
  ...Object.entries(ofWord).flatMap(([name, make]) => words.map((word) => [name, make(word)] as const)),
  ...Object.entries(ofNumber).flatMap(([name, make]) => numbers.map((number) => [name, make(number)] as const)),
  ...Object.entries(ofContent).flatMap(([name, make]) => ['50', '60', '"error"', '"fatal"'].map((level) => [name, make(level)] as const)),
  ...priorities.map((line) => ['syslog', line] as const),
]

describe('the sift of levels', () => {
  it.each([13, 17, 18, 21])('lets every line of %i or more through', (least) => {
    const sift = levelSift(least)!
    const severe = lines.filter(([, line]) => (readLine({ line })?.severity?.number ?? 0) >= least)
    expect(new Set(severe.map(([name]) => name)).size).toBeGreaterThan(least > 17 ? 12 : 17)
    expect(severe.filter(([, line]) => !sift(line))).toEqual([])
  })

  it('stops the usual lines of other levels', () => {
    const sift = levelSift(17)!
    const others = [
      '{"level":30,"time":1795230000000,"pid":4242,"hostname":"shop-1","trace_id":"0af7651916cd43dd8448eb211c80319c","msg":"done"}',
      '{"level":"info","severity_number":9,"msg":"version: 50"}',
      'time=2026-11-21T00:00:00Z level=warn msg="value=60"',
      '2026-11-21T00:00:00Z INFO started',
    ]
    expect(others.filter(sift)).toEqual([])
    expect(levelSift(9)).toBeUndefined()
  })
})
