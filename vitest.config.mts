import { defineConfig } from 'vitest/config'

export default defineConfig({
  // Vite warns of each source map that a package was published without.
  logLevel: 'error',
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/otel3/**', 'test/system/**'],
    pool: 'forks',
    // Vitest leaves one processor to itself, which on two of them makes the tests take twice as long.
    maxWorkers: '100%',
    testTimeout: 20_000,
    hookTimeout: 30_000,
    // Tests use the built package by its name, as its users do: it must not go through vite.
    // GitHub's parser of workflows imports JSON in a way that Node does not know.
    server: { deps: { external: [/\/dist\//], inline: [/@actions\//] } },
  },
})
