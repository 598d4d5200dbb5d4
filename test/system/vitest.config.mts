import { defineConfig } from 'vitest/config'

// What needs programs that npm does not bring; each test names the one that is missing.
export default defineConfig({
  test: {
    include: ['test/system/**/*.test.ts'],
    pool: 'forks',
    // They end what hangs, on a machine that is busy with other work as well, and measure nothing.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 60_000 } },
    server: { deps: { external: [/\/dist\//] } },
  },
})
