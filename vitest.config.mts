import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

// What leaves nothing behind in its process: no provider, no setting, no variable of the environment. A process of its own for each
// of these files would cost more than most of them do.
const together = [
  'test/analysis/**/*.test.ts',
  'test/examples/stack/{alloy,collector,compose,files,grafana,kubernetes,prometheus,sizing,stores,types}.test.ts',
  'test/files/**/*.test.ts',
  'test/logs/{entry,query,files*,loki,loki-[!f]*,victorialogs*}.test.ts',
  'test/redaction/{json,redactor,shortcuts,sql}.test.ts',
  'test/semantics/**/*.test.ts',
  'test/traces/**/*.test.ts',
  'test/tracing/{sampling/samplers,tail/model,tail/policies}.test.ts',
  'test/view/**/*.test.ts',
]
const apart = ['test/otel3/**', 'test/system/**']

/** Those that share a process come last: each file between them that does not would end it. */
class TogetherLast extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    // oxlint-disable-next-line unicorn/no-array-sort -- it is no array's
    const sorted = await super.sort(files)
    return sorted.toSorted((a, b) => Number(b.project.config.isolate) - Number(a.project.config.isolate))
  }
}

export default defineConfig({
  // Vite warns of each source map that a package was published without.
  logLevel: 'error',
  test: {
    pool: 'forks',
    // Vitest leaves one processor to itself, which on two of them makes the tests take twice as long.
    maxWorkers: '100%',
    sequence: { sequencer: TogetherLast },
    // They end what hangs, on a machine that is busy with other work as well, and measure nothing.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // Tests use the built package by its name, as its users do: it must not go through vite.
    // GitHub's parser of workflows imports JSON in a way that Node does not know.
    server: { deps: { external: [/\/dist\//], inline: [/@actions\//] } },
    projects: [
      { extends: true, test: { name: 'alone', include: ['test/**/*.test.ts'], exclude: [...apart, ...together] } },
      { extends: true, test: { name: 'together', include: together, isolate: false } },
    ],
  },
})
